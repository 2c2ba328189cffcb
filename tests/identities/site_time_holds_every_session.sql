-- No session is lost by month: each segment dimension has as many, and as many seconds, as customers have and as there
-- are. Visitors of a month are those of all customers; who changes the segment counts in both.
with sessions as (
    select
        {{ month_start('session_date') }} as period_start,
        count(*) as sessions,
        sum(session_seconds) as total_seconds
    from {{ ref('fct_sessions') }}
    group by period_start
),

customers as (
    select
        period_start,
        sum(sessions) as sessions,
        sum(unique_visitors) as unique_visitors,
        sum(total_seconds) as total_seconds
    from {{ ref('customer_site_time') }}
    group by period_start
),

segments as (
    select
        segment_dimension,
        period_start,
        sum(sessions) as sessions,
        sum(unique_visitors) as unique_visitors,
        sum(total_seconds) as total_seconds
    from {{ ref('site_time') }}
    group by segment_dimension, period_start
)

select
    segments.segment_dimension,
    coalesce(segments.period_start, customers.period_start, sessions.period_start) as period_start,
    segments.sessions,
    customers.sessions as sessions_of_customers,
    sessions.sessions as all_sessions
from segments
full outer join customers on segments.period_start = customers.period_start
full outer join sessions on coalesce(segments.period_start, customers.period_start) = sessions.period_start
where
    segments.period_start is null
    or segments.sessions <> coalesce(sessions.sessions, 0)
    or segments.sessions <> coalesce(customers.sessions, 0)
    or segments.total_seconds <> coalesce(sessions.total_seconds, 0)
    or segments.total_seconds <> coalesce(customers.total_seconds, 0)
    or segments.unique_visitors < coalesce(customers.unique_visitors, 0)
    or (segments.segment_dimension = 'all' and segments.unique_visitors <> coalesce(customers.unique_visitors, 0))
