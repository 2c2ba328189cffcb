-- One row per metric, segment value and day on which a moving window of 90 days ends: sums of the answers that count in
-- it.
{%- set columns = ['asked', 'answered'] + counted_columns() %}
with steps as (
    select * from {{ ref('int_survey_steps') }}
),

days as (
    select * from {{ ref('int_answer_days') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
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
        steps.metric,
        steps.segment_dimension,
        steps.segment_value,
        series.day
    from steps
    cross join {{ date_series('(select first_date from span)', '(select last_date from span)') }} as series
    where steps.segment_dimension = 'all' or {{ is_sunday('series.day') }}
),

running as (
    select
        cells.metric,
        cells.segment_dimension,
        cells.segment_value,
        cells.day,
        {{ sums_of('steps', columns, over='to_day') }}
    from cells
    left join steps
        on cells.metric = steps.metric
        and cells.segment_dimension = steps.segment_dimension
        and cells.segment_value = steps.segment_value
        and cells.day = steps.step_date
    window to_day as (
        partition by cells.metric, cells.segment_dimension, cells.segment_value
        order by cells.day
    )
)

select
    running.metric,
    running.segment_dimension,
    running.segment_value,
    {%- for column in columns %}
    running.{{ column }},
    {%- endfor %}
    {{ add_days('running.day', 1 - moving_days()) }} as period_start,
    running.day as period_end
from running
cross join span
where
    running.asked + running.answered > 0
    -- Only full windows, or their length would differ.
    and running.day >= {{ add_days('span.first_date', moving_days() - 1) }}
