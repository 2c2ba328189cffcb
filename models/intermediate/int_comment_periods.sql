-- One row per comment and period grain: the period that it falls in, and whether its answer counts there.
{%- set grains = calendar_periods('answers.period_date', 'span.first_date', none) %}
with answers as (
    select * from {{ ref('int_answers') }}
),

comments as (
    select * from {{ ref('int_comments') }}
),

-- All time begins with the first row, commented or not, as it does for scores.
span as (
    select min(period_date) as first_date from answers
)

{% for grain, bounds in grains.items() -%}
select
    answers.answer_id,
    answers.metric,
    '{{ grain }}' as period_grain,
    {{ bounds[0] }} as period_start,
    answers.is_asked,
    answers.is_answered,
    answers.is_answered and {{ counts_within(grain) }} as is_counted,
    answers.score,
    answers.is_positive,
    answers.is_negative,
    answers.scale_min,
    answers.scale_max
from comments
inner join answers on comments.answer_id = answers.answer_id
cross join span
{{ 'union all' if not loop.last }}
{% endfor %}
