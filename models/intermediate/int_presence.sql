-- One row per customer: whether it is there today, by which rule that is told, and how it came.
with customers as (
    select * from {{ ref('int_customers') }}
),

presence as (
    select * from {{ ref('int_presence_months') }}
),

awareness_events as (
    select * from {{ ref('int_awareness_events') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- The first in the alphabet goes before, as in int_awareness_types. Of who is older than the data the first event is
-- not known.
origins as (
    select
        customers.customer_id,
        min(awareness_events.role) as origin
    from customers
    inner join as_of on customers.first_seen_date >= {{ month_start('as_of.first_date') }}
    inner join awareness_events
        on customers.customer_id = awareness_events.customer_id
        and customers.first_active_date = awareness_events.activity_date
    where customers.first_active_date <= customers.as_of_date
    group by customers.customer_id
)

select
    customers.customer_id,
    presence.presence_rule,
    presence.is_there,
    origins.origin
from customers
inner join presence
    on customers.customer_id = presence.customer_id
    and customers.as_of_date = presence.last_date
left join origins on customers.customer_id = origins.customer_id
