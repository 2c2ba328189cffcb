-- One row per event type without a weight on some day it happened: events that no score counts.
with activity as (
    select * from {{ ref('int_activity_dates') }}
    where weight is null
),

ledger as (
    select * from {{ ref('int_activity_daily') }}
)

select
    activity.event_type,
    cast(sum(ledger.event_count) as bigint) as event_count,
    count(distinct ledger.customer_id) as customers,
    min(activity.activity_date) as first_date,
    max(activity.activity_date) as last_date,
    {{ build_columns() }}
from activity
inner join ledger
    on activity.event_type = ledger.event_type
    and activity.activity_date = ledger.activity_date
group by activity.event_type
