-- One row per metric, segment value and day on which a moving window of 90 days ends: sums of the answers that count in
-- it.
{%- set given_columns = ['asked', 'answered'] %}
with days as (
    select * from {{ ref('int_survey_days') }}
),

answers as (
    select * from {{ ref('int_answers') }}
),

segments as (
    select * from {{ ref('int_profile_segments') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Within a window the later answer of a respondent counts: the earlier one leaves on the day on which that enters.
superseded as (
    select
        answers.metric,
        answers.profile_number,
        answers.period_date,
        answers.superseded_date,
        {{ survey_sums('answers') }}
    from answers
    where answers.superseded_date < {{ add_days('answers.period_date', moving_days()) }}
    group by answers.metric, answers.profile_number, answers.period_date, answers.superseded_date
),

-- By how much the sums of a day's window differ from those of the day before.
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
        {{ day }} as step_date,
        {%- for column in given_columns %}
        {{ '0' if relation == 'superseded' else sign ~ column }} as {{ column }},
        {%- endfor %}
        {%- for column in counted_columns() %}
        {{ sign }}{{ column }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

segment_steps as (
    select
        steps.metric,
        segments.segment_dimension,
        segments.segment_value,
        steps.step_date,
        {%- for column in given_columns + counted_columns() %}
        sum(steps.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from steps
    inner join segments on steps.profile_number = segments.profile_number
    group by steps.metric, segments.segment_dimension, segments.segment_value, steps.step_date
),

span as (
    select
        min(days.period_date) as first_date,
        max(as_of.as_of_date) as last_date
    from days
    cross join as_of
),

cells as (
    select distinct
        segment_steps.metric,
        segment_steps.segment_dimension,
        segment_steps.segment_value,
        series.day
    from segment_steps
    cross join {{ date_series('(select first_date from span)', '(select last_date from span)') }} as series
),

running as (
    select
        cells.metric,
        cells.segment_dimension,
        cells.segment_value,
        cells.day,
        {%- for column in given_columns + counted_columns() %}
        cast(sum(segment_steps.{{ column }}) over to_day as bigint) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from cells
    left join segment_steps
        on cells.metric = segment_steps.metric
        and cells.segment_dimension = segment_steps.segment_dimension
        and cells.segment_value = segment_steps.segment_value
        and cells.day = segment_steps.step_date
    window to_day as (
        partition by cells.metric, cells.segment_dimension, cells.segment_value
        order by cells.day
    )
)

select
    running.metric,
    running.segment_dimension,
    running.segment_value,
    {{ add_days('running.day', 1 - moving_days()) }} as period_start,
    running.day as period_end,
    running.asked,
    running.answered,
    {%- for column in counted_columns() %}
    running.{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from running
cross join span
where
    running.asked + running.answered > 0
    -- Only full windows, or their length would differ.
    and running.day >= {{ add_days('span.first_date', moving_days() - 1) }}
    and (running.segment_dimension = 'all' or {{ is_sunday('running.day') }})
