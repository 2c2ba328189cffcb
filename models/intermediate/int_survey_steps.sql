-- One row per metric, segment value and day, for segments Sunday: by how much the sums of the 90 days that end on it
-- differ from those of the window before.
{%- set given_columns = ['asked', 'answered'] %}
{#- Windows of segments end on Sundays: what happens in a week makes one step. -#}
{%- set step_date = "case when segments.segment_dimension = 'all' then steps.step_date else "
    ~ next_sunday('steps.step_date') ~ " end" %}
with days as (
    select * from {{ ref('int_answer_days') }}
),

-- Within a window the later answer of a respondent counts: the earlier one leaves on the day on which that enters.
superseded as (
    select * from {{ ref('int_superseded_answers') }}
    where superseded_date < {{ add_days('period_date', moving_days()) }}
),

segments as (
    select * from {{ ref('int_profile_segments') }}
),

steps as (
    {%- for relation, day, sign in [
        ('days', 'period_date', ''),
        ('days', add_days('period_date', moving_days()), '-'),
        ('superseded', 'superseded_date', '-'),
        ('superseded', add_days('period_date', moving_days()), ''),
    ] %}
    select
        metric,
        profile_number,
        {%- for column in given_columns %}
        {{ '0' if relation == 'superseded' else sign ~ 'sum(' ~ column ~ ')' }} as {{ column }},
        {%- endfor %}
        {%- for column in counted_columns() %}
        {{ sign }}sum({{ column }}) as {{ column }},
        {%- endfor %}
        {{ day }} as step_date
    from {{ relation }}
    group by metric, profile_number, {{ day }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    steps.metric,
    segments.segment_dimension,
    segments.segment_value,
    {{ step_date }} as step_date,
    {{ sums_of('steps', given_columns + counted_columns()) }}
from steps
inner join segments on steps.profile_number = segments.profile_number
group by steps.metric, segments.segment_dimension, segments.segment_value, {{ step_date }}
