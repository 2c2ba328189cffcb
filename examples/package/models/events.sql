-- One row per thing a customer did. The log counts by day; an event of the contract happened once.
select
    account || ' ' || action || ' ' || day || ' ' || number as event_id,
    account as customer_id,
    action as event_type,
    day as occurred_at
from {{ ref('usage_log') }}
cross join lateral unnest(range(times)) as one_of(number)
