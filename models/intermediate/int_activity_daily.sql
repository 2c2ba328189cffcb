-- One row per customer, activity date, event type and load date: the activity ledger, which every score reads.
with events as (
    select * from {{ ref('stg_events') }}
)

select
    customer_id,
    {{ reporting_date('occurred_at') }} as activity_date,
    event_type,
    {{ reporting_date('loaded_at') }} as load_date,
    cast(count(*) as bigint) as event_count,
    cast(sum(amount) as decimal(38, 6)) as amount,
    cast(sum(duration_seconds) as decimal(38, 6)) as duration_seconds,
    -- An event without a user is by the account itself.
    cast(count(distinct coalesce(user_id, '')) as bigint) as users
from events
where verdict = 'accepted'
group by customer_id, activity_date, event_type, load_date
