-- One row per customer, activity date, event type and load date: the activity ledger, which every score reads.
with {{ counting_events() }}

select
    customer_id,
    {{ reporting_date('occurred_at') }} as activity_date,
    event_type,
    load_date,
    cast(count(*) as bigint) as event_count,
    cast(sum(amount) as decimal(38, 6)) as amount,
    cast(sum(duration_seconds) as decimal(38, 6)) as duration_seconds,
    -- An event without a user is by the account itself, which counts as one user.
    cast({{ count_distinct('user_id') }} + least(count(*) - count(user_id), 1) as bigint) as users,
    cast(count(*) - count(user_id) as bigint) as account_events
from counting
group by customer_id, activity_date, event_type, load_date
