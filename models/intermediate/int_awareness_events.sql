-- One row per customer, activity date, role and load date: events that tell how customers come, by type or channel.
with {{ counting_events('int_awareness_loads') }},

roles as (
    select * from {{ ref('int_awareness_types') }}
),

-- Three joins on what is equal, since one on "equal or any" would compare each event with each role.
roled as (
    select
        counting.customer_id,
        {{ reporting_date('counting.occurred_at') }} as activity_date,
        -- The first in the alphabet goes before, as in int_awareness_types; nulls do not take part.
        least(of_type.role, of_channel.role, of_both.role) as role,
        counting.load_date
    from counting
    left join roles as of_type
        on of_type.channel is null
        and counting.event_type = of_type.event_type
    left join roles as of_channel
        on of_channel.event_type is null
        and counting.channel = of_channel.channel
    left join roles as of_both
        on counting.event_type = of_both.event_type
        and counting.channel = of_both.channel
)

select
    customer_id,
    activity_date,
    role,
    load_date,
    cast(count(*) as bigint) as event_count
from roled
where role is not null
group by customer_id, activity_date, role, load_date
