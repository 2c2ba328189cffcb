-- One row per customer, activity date and event type: what the engagement receipts are made of.
with activity as (
    select * from {{ ref('int_weighted_activity') }}
)

select
    customer_id,
    activity_date,
    event_type,
    event_count,
    amount,
    duration_seconds,
    weight,
    {{ build_columns() }}
from activity
