-- One row per question put to somebody and period, month or all time: the period it falls in, and whether it counts
-- there.
with answers as (
    select * from {{ ref('int_answers') }}
),

periods as (
    select
        *,
        'month' as period_grain,
        {{ month_start('period_date') }} as period_start
    from answers
    union all
    select
        *,
        'all' as period_grain,
        min(period_date) over () as period_start
    from answers
),

ranked as (
    select
        *,
        row_number() over (
            partition by
                metric, period_grain, period_start, customer_id, coalesce(respondent_id, ''), is_answered
            order by answered_at desc, answer_id desc
        ) as recency
    from periods
),

counted as (
    select
        *,
        is_answered and (counting = 'every_answer' or recency = 1) as is_counted
    from ranked
)

select
    answer_id,
    customer_id,
    metric,
    period_grain,
    period_start,
    scale_min,
    scale_max,
    cast(is_asked as integer) as asked,
    cast(is_answered as integer) as answered,
    cast(is_counted as integer) as counted,
    cast(is_counted and is_positive as integer) as positive,
    cast(is_counted and not is_positive and not is_negative as integer) as neutral,
    cast(is_counted and is_negative as integer) as negative,
    case when is_counted then score else 0 end as counted_score
from counted
