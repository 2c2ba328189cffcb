-- One row per part of operational effort, segment value and period: its mean, and whether the cell is too small.
{%- set grains = calendar_periods('parts.day', 'as_of.first_date', 'as_of.as_of_date') %}
with parts as (
    select * from {{ ref('int_operational_parts') }}
),

segments as (
    select * from {{ ref('int_segment_history') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

periods as (
    {%- for grain, bounds in grains.items() %}
    select
        parts.*,
        '{{ grain }}' as period_grain,
        {{ bounds[0] }} as period_start,
        {{ bounds[1] }} as period_end
    from parts
    cross join as_of
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- The segment on the day of the contact or answer: a later change of plan does not rewrite the past.
totals as (
    select
        periods.part,
        segments.segment_dimension,
        segments.segment_value,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        cast(sum(periods.things) as bigint) as things,
        cast(sum(periods.counted) as bigint) as counted,
        sum(periods.total) as total
    from periods
    inner join segments
        on periods.customer_id = segments.customer_id
        and {{ holds_on('segments', 'periods.day') }}
    group by
        periods.part,
        segments.segment_dimension,
        segments.segment_value,
        periods.period_grain,
        periods.period_start,
        periods.period_end
),

sized as (
    select
        *,
        {{ ratio('total', 'counted') }} as mean_value,
        counted between 1 and {{ min_answers() }} - 1 as is_small
    from totals
),

split as (
    select
        *,
        sum(cast(is_small as integer)) over (
            partition by part, segment_dimension, period_grain, period_start
        ) as small_cells,
        row_number() over (
            partition by part, segment_dimension, period_grain, period_start
            order by is_small or counted = 0, counted, segment_value
        ) as size_rank
    from sized
)

select
    *,
    -- A single hidden cell could be had by subtraction from the total: the smallest shown one is hidden with it.
    is_small or (small_cells = 1 and size_rank = 1 and counted > 0) as is_suppressed
from split
