-- One row per survey cell that is not shown: too small, or needed to keep one that is from being had by subtraction.
{%- set rounds = 12 %}
with counts as (
    select * from {{ ref('int_survey_counts') }}
    where counted > 0
),

members as (
    select * from {{ ref('int_survey_sums') }}
),

hidden_0 as (
    select cell_number from counts
    where counted < {{ min_answers() }}
),

{% for round in range(rounds + 1) -%}
-- A sum in which one cell alone is hidden gives it away: the next one is hidden with it.
exposed_{{ round }} as (
    select
        members.sum_number,
        min(case when hidden.cell_number is null then members.hiding_order end) as hiding_order
    from members
    left join hidden_{{ round }} as hidden on members.cell_number = hidden.cell_number
    group by members.sum_number
    having count(hidden.cell_number) = 1
),

hidden_{{ round + 1 }} as (
    select cell_number from hidden_{{ round }}
    union
    select members.cell_number
    from members
    inner join exposed_{{ round }} as exposed
        on members.sum_number = exposed.sum_number
        and members.hiding_order = exposed.hiding_order
),

{% endfor -%}
-- What is still exposed after so many rounds hides its whole metric: safe, and hardly ever needed.
exposed_metrics as (
    select distinct counts.metric
    from counts
    inner join members on counts.cell_number = members.cell_number
    inner join exposed_{{ rounds }} as exposed on members.sum_number = exposed.sum_number
)

select cell_number from hidden_{{ rounds }}
union
select counts.cell_number
from counts
inner join exposed_metrics on counts.metric = exposed_metrics.metric
