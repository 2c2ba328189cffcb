-- One row per customer, named user, activity date and load date: distinct users cannot be added up from the ledger.
with {{ counting_events() }}

select distinct
    customer_id,
    user_id,
    {{ reporting_date('occurred_at') }} as activity_date,
    load_date
from counting
where user_id is not null
