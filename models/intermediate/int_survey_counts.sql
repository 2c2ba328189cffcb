-- One row per metric, segment value and period: additive counts and sums, from which every survey figure follows.
{%- set grains = calendar_periods('days.period_date', 'span.first_date', 'span.last_date') %}
with days as (
    select * from {{ ref('int_answer_days') }}
),

windows as (
    select * from {{ ref('int_survey_windows') }}
),

segments as (
    select * from {{ ref('int_profile_segments') }}
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

-- By profile first: few rows are left to be split by segment.
profile_periods as (
    {%- for grain, bounds in grains.items() %}
    select
        days.metric,
        days.profile_number,
        '{{ grain }}' as period_grain,
        {{ bounds[0] }} as period_start,
        {{ bounds[1] }} as period_end,
        {{ sums_of('days', ['asked', 'answered']) }},
        {{ sums_of('days', counted_columns(), counts=counts_within(grain)) }}
    from days
    cross join span
    group by days.metric, days.profile_number, {{ bounds[0] }}, {{ bounds[1] }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- The scale of a metric is that of its questions that were answered.
scales as (
    select
        metric,
        min(scale_min) as scale_min,
        max(scale_max) as scale_max
    from days
    group by metric
),

cells as (
    select
        periods.metric,
        segments.segment_dimension,
        segments.segment_value,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        {{ sums_of('periods', ['asked', 'answered'] + counted_columns()) }}
    from profile_periods as periods
    inner join segments on periods.profile_number = segments.profile_number
    group by
        periods.metric,
        segments.segment_dimension,
        segments.segment_value,
        periods.period_grain,
        periods.period_start,
        periods.period_end
    union all
    select
        metric,
        segment_dimension,
        segment_value,
        'moving_90_days' as period_grain,
        period_start,
        period_end,
        asked,
        answered,
        {{ counted_columns() | join(',\n        ') }}
    from windows
)

select
    row_number() over (
        order by
            cells.metric, cells.period_grain, cells.period_start, cells.segment_dimension, cells.segment_value
    ) as cell_number,
    cells.*,
    scales.scale_min,
    scales.scale_max
from cells
inner join scales on cells.metric = scales.metric
-- A comment alone is neither.
where cells.asked + cells.answered > 0
