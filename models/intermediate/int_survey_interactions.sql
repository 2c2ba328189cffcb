-- One row per customer, event type, end and load date: interactions after which somebody may be asked how they went.
with {{ counting_events('int_interaction_loads') }},

trigger_types as (
    select distinct event_type from {{ ref('survey_triggers') }}
)

select distinct
    counting.customer_id,
    counting.event_type,
    -- Nobody is asked about a call that goes on: the clock runs from its end.
    {{ add_seconds('counting.occurred_at', 'coalesce(counting.duration_seconds, 0)') }} as ended_at,
    counting.load_date
from counting
inner join trigger_types on counting.event_type = trigger_types.event_type
