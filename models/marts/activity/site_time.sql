-- One row per segment value and month: sessions of the customers in the segment, and how long their visitors stayed.
{%- set period_end = month_end('sums.period_start') %}
with months as (
    select * from {{ ref('int_segment_months') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

visitor_months as (
    select * from {{ ref('int_visitor_months') }}
),

segments as (
    select * from {{ ref('int_profile_segments') }}
),

-- Whoever changes the segment within the month is a visitor of both.
visitors as (
    select
        segments.segment_dimension,
        segments.segment_value,
        visitor_months.period_start,
        sum(visitor_months.sessions) as sessions,
        sum(visitor_months.total_seconds) as total_seconds
    from visitor_months
    inner join segments on visitor_months.profile_number = segments.profile_number
    group by
        segments.segment_dimension,
        segments.segment_value,
        visitor_months.period_start,
        visitor_months.customer_id,
        visitor_months.user_id
),

cells as (
    select
        segment_dimension,
        segment_value,
        period_start,
        sessions,
        1 as visitors,
        total_seconds
    from visitors
    union all
    -- A month without a visit has its row. So has one with visits by customers alone who had left: no session is lost.
    select
        segment_dimension,
        segment_value,
        period_start,
        0 as sessions,
        0 as visitors,
        0 as total_seconds
    from months
),

sums as (
    select
        segment_dimension,
        segment_value,
        period_start,
        cast(sum(sessions) as bigint) as sessions,
        cast(sum(visitors) as bigint) as unique_visitors,
        cast(sum(total_seconds) as decimal(18, 6)) as total_seconds
    from cells
    group by segment_dimension, segment_value, period_start
)

select
    sums.segment_dimension,
    sums.segment_value,
    sums.period_start,
    {{ period_end }} as period_end,
    {{ period_end }} <= as_of.as_of_date as is_complete,
    sums.sessions,
    sums.unique_visitors,
    sums.total_seconds,
    {{ ratio('sums.total_seconds', 'sums.unique_visitors') }} as average_seconds_per_visitor,
    {{ ratio('sums.total_seconds', 'sums.sessions') }} as average_seconds_per_session,
    {{ build_columns() }}
from sums
cross join as_of
