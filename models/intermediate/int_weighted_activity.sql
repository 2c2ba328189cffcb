-- One row per customer, activity date and event type: its counts over all loads, with the weight in force on that day.
with ledger as (
    select * from {{ ref('int_activity_daily') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

weights as (
    select * from {{ ref('event_weights') }}
),

activity as (
    select
        ledger.customer_id,
        ledger.activity_date,
        ledger.event_type,
        cast(sum(ledger.event_count) as bigint) as event_count,
        cast(sum(ledger.amount) as decimal(38, 6)) as amount,
        cast(sum(ledger.duration_seconds) as decimal(38, 6)) as duration_seconds
    from ledger
    inner join as_of on ledger.activity_date <= as_of.as_of_date
    group by ledger.customer_id, ledger.activity_date, ledger.event_type
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
