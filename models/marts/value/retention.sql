-- One row per segment value and month: of the customers there at its start, how many are still there at its end.
with starts_and_ends as (
    select * from {{ ref('int_presence_counts') }}
),

segment_months as (
    select * from {{ ref('int_segment_months') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- The end of a month is the start of the next.
starts as (
    select
        segment_dimension,
        segment_value,
        {{ add_months('period_start', 1) }} as period_start,
        customers,
        staying_customers,
        by_inactivity
    from starts_and_ends
),

-- A segment that all have left by the first day has nobody in the month, but had somebody at its start.
cells as (
    select
        segment_dimension,
        segment_value,
        period_start
    from segment_months
    union
    select
        starts.segment_dimension,
        starts.segment_value,
        starts.period_start
    from starts
    inner join as_of on starts.period_start between {{ month_start('as_of.first_date') }} and as_of.as_of_date
),

counts as (
    select
        cells.segment_dimension,
        cells.segment_value,
        cells.period_start,
        {{ month_end('cells.period_start') }} as period_end,
        coalesce(starts.customers, 0) as customers_at_start,
        coalesce(starts.staying_customers, 0) as retained,
        coalesce(starts.by_inactivity, 0) as by_inactivity,
        coalesce(ends.new_customers, 0) as new_customers,
        coalesce(ends.returned_customers, 0) as returned_customers,
        coalesce(ends.customers, 0) as customers_at_end
    from cells
    left join starts
        on cells.segment_dimension = starts.segment_dimension
        and cells.segment_value = starts.segment_value
        and cells.period_start = starts.period_start
    left join starts_and_ends as ends
        on cells.segment_dimension = ends.segment_dimension
        and cells.segment_value = ends.segment_value
        and cells.period_start = ends.period_start
)

select
    counts.segment_dimension,
    counts.segment_value,
    counts.period_start,
    counts.period_end,
    counts.period_end <= as_of.as_of_date as is_complete,
    counts.customers_at_start,
    counts.retained,
    counts.customers_at_start - counts.retained as churned,
    {{ ratio('counts.retained', 'counts.customers_at_start') }} as retention_rate,
    {{ wilson_bound('counts.retained', 'counts.customers_at_start', '-') }} as retention_low,
    {{ wilson_bound('counts.retained', 'counts.customers_at_start', '+') }} as retention_high,
    counts.by_inactivity,
    counts.new_customers,
    counts.returned_customers,
    counts.customers_at_end,
    {{ build_columns() }}
from counts
cross join as_of
