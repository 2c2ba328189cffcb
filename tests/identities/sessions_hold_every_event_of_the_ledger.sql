-- Each event up to today is in one session: those of a customer have as many events as the ledger.
with ledger as (
    select
        customer_id,
        sum(event_count) as event_count
    from {{ ref('fct_activity_daily') }}
    group by customer_id
),

sessions as (
    select
        customer_id,
        sum(event_count) as event_count
    from {{ ref('fct_sessions') }}
    group by customer_id
)

select
    coalesce(ledger.customer_id, sessions.customer_id) as customer_id,
    ledger.event_count as events_of_ledger,
    sessions.event_count as events_of_sessions
from ledger
full outer join sessions on ledger.customer_id = sessions.customer_id
where ledger.event_count is distinct from sessions.event_count
