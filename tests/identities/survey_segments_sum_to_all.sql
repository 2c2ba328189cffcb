-- The segments of a dimension add up to the total: nobody drops out, nobody counts twice.
with splits as (
    select
        metric,
        segment_dimension,
        period_grain,
        period_start,
        sum(asked) as asked,
        sum(answered) as answered,
        sum(counted) as counted
    from {{ ref('survey_scores') }}
    group by metric, segment_dimension, period_grain, period_start
),

totals as (
    select * from splits
    where segment_dimension = 'all'
)

select splits.*
from splits
left join totals
    on splits.metric = totals.metric
    and splits.period_grain = totals.period_grain
    and splits.period_start = totals.period_start
where
    splits.asked is distinct from totals.asked
    or splits.answered is distinct from totals.answered
    or splits.counted is distinct from totals.counted
