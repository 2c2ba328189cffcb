-- One row per segment value and period in which somebody asked for help or judged it: how easy getting help was.
with cells as (
    select * from {{ ref('int_operational_cells') }}
),

bands as (
    select * from {{ ref('int_score_bands') }}
    where metric = 'operational_effort'
),

side_by_side as (
    select
        segment_dimension,
        segment_value,
        period_grain,
        period_start,
        period_end,
        max(case when part = 'channel_ease' then things end) as contacts,
        {{ one_column_each(operational_parts(), 'part', 'counted', '_counted') }},
        {{ one_column_each(operational_parts(), 'part', 'case when not is_suppressed then mean_value end') }},
        max(cast(is_suppressed as integer)) = 1 as is_suppressed
    from cells
    group by segment_dimension, segment_value, period_grain, period_start, period_end
),

averaged as (
    select
        *,
        {{ mean_of(operational_parts()) }} as operational_effort
    from side_by_side
)

select
    averaged.segment_dimension,
    averaged.segment_value,
    averaged.period_grain,
    averaged.period_start,
    averaged.period_end,
    coalesce(averaged.contacts, 0) as contacts,
    coalesce(averaged.channel_ease_counted, 0) as rated_contacts,
    coalesce(averaged.wait_ease_counted, 0) as timed_contacts,
    coalesce(averaged.resolution_satisfaction_counted, 0) as resolution_answers,
    averaged.channel_ease,
    averaged.wait_ease,
    averaged.resolution_satisfaction,
    averaged.operational_effort,
    {{ names_missing(operational_parts()) }} as missing_parts,
    averaged.is_suppressed,
    bands.band,
    {{ build_columns() }}
from averaged
left join bands
    -- Rounded, since a mean of four that is on an edge may miss it by its last digit.
    on cast(averaged.operational_effort as decimal(12, 9)) >= bands.lower_edge
    and (bands.upper_edge is null or cast(averaged.operational_effort as decimal(12, 9)) < bands.upper_edge)
