-- One row per customer, user and day with an event: distinct users cannot be added up from the ledger.
with events as (
    select * from {{ ref('stg_events') }}
)

select distinct
    customer_id,
    -- An event without a user is by the account itself.
    coalesce(user_id, '') as user_id,
    {{ reporting_date('occurred_at') }} as activity_date
from events
where verdict = 'accepted'
