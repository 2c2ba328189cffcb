-- One row per visitor, load date, activity date and stretch of time no longer than the session gap: a fragment of a
-- visit.
with {{ counting_events('int_visit_loads') }}

-- Fragments need not be whole, only within one visit: a stretch of the clock is, and costs no order of the events.
select
    customer_id,
    user_id,
    load_date,
    {{ reporting_date('occurred_at') }} as activity_date,
    min(occurred_at) as first_at,
    max(occurred_at) as last_at,
    cast(count(*) as bigint) as event_count
from counting
group by customer_id, user_id, load_date, activity_date, {{ gaps_before('occurred_at') }}
