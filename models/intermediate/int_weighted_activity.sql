-- One row per customer, activity date and event type: its counts over all loads, with the weight in force on that day.
with activity as (
    select
        customer_id,
        activity_date,
        event_type,
        cast(sum(event_count) as bigint) as event_count,
        cast(sum(amount) as decimal(18, 6)) as amount,
        cast(sum(duration_seconds) as decimal(18, 6)) as duration_seconds
    from {{ ref('int_activity_daily') }}
    group by customer_id, activity_date, event_type
),

weights as (
    select * from {{ ref('event_weights') }}
)

-- Left join: a type without a weight earns nothing, but it happened.
select
    activity.*,
    weights.weight
from activity
left join weights
    on activity.event_type = weights.event_type
    and activity.activity_date >= coalesce(weights.valid_from, cast('0001-01-01' as date))
    and activity.activity_date <= coalesce(weights.valid_to, cast('9999-12-31' as date))
