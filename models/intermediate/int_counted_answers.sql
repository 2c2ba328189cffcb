-- One row per question put to somebody and period, month or all time: the period it falls in, and whether it counts
-- there.
{{ config(materialized='view') }}
{%- set starts = {'month': month_start('period_date'), 'all': 'min(period_date) over ()'} %}
with answers as (
    select * from {{ ref('int_answers') }}
),

counted as (
    {%- for grain, start in starts.items() %}
    select
        *,
        '{{ grain }}' as period_grain,
        {{ start }} as period_start,
        is_answered and {{ counts_within(grain) }} as is_counted
    from answers
    {{ 'union all' if not loop.last }}
    {%- endfor %}
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
-- A comment alone is neither; yet all time begins with it, as it does for scores.
where is_asked or is_answered
