-- The values of a response dimension add up to all askings, and its months to all time.
with response as (
    select * from {{ ref('survey_response') }}
),

totals as (
    select * from response
    where response_dimension = 'all'
),

splits as (
    select
        metric,
        response_dimension,
        period_grain,
        period_start,
        sum(asked) as asked,
        sum(answered) as answered,
        sum(answered_unasked) as answered_unasked
    from response
    group by metric, response_dimension, period_grain, period_start
),

months as (
    select
        metric,
        sum(asked) as asked,
        sum(answered) as answered,
        sum(answered_unasked) as answered_unasked
    from totals
    where period_grain = 'month'
    group by metric
)

select
    splits.*,
    totals.asked as asked_in_all,
    months.asked as asked_in_months
from splits
inner join months on splits.metric = months.metric
left join totals
    on splits.metric = totals.metric
    and splits.period_grain = totals.period_grain
    and splits.period_start = totals.period_start
where
    splits.asked is distinct from totals.asked
    or splits.answered is distinct from totals.answered
    or splits.answered_unasked is distinct from totals.answered_unasked
    or (splits.period_grain = 'all' and splits.asked <> months.asked)
    or (splits.period_grain = 'all' and splits.answered <> months.answered)
    or (splits.period_grain = 'all' and splits.answered_unasked <> months.answered_unasked)
