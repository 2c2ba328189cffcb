-- One row per customer, activity date, event type, channel, wait and load date: contacts of that kind.
with {{ counting_events('int_contact_loads') }},

contact_types as (
    select distinct event_type from {{ ref('contact_channels') }}
)

select
    counting.customer_id,
    {{ reporting_date('counting.occurred_at') }} as activity_date,
    counting.event_type,
    counting.channel,
    -- As delivered: what the wait is worth is judged later, so that a new limit needs no second look at events.
    counting.duration_seconds as wait_seconds,
    counting.load_date,
    cast(count(*) as bigint) as contacts
from counting
inner join contact_types on counting.event_type = contact_types.event_type
group by
    counting.customer_id,
    activity_date,
    counting.event_type,
    counting.channel,
    counting.duration_seconds,
    counting.load_date
