-- One row per event type without a weight on some day it happened: events that no score counts.
with activity as (
    select * from {{ ref('int_weighted_activity') }}
)

select
    event_type,
    cast(sum(event_count) as bigint) as event_count,
    count(distinct customer_id) as customers,
    min(activity_date) as first_date,
    max(activity_date) as last_date,
    {{ build_columns() }}
from activity
where weight is null
group by event_type
