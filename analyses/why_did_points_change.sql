-- One row per event type and effect: why the customer whose points fell most has fewer than one window earlier.
with customers as (
    select * from {{ ref('customer_scores') }}
),

changes as (
    select * from {{ ref('fct_engagement_changes') }}
    where score_date = as_of_date
),

fallen as (
    select
        customer_id,
        previous_points,
        points
    from customers
    where engagement_status in ('active', 'silent') and points_change < 0
    order by points_change, customer_id
    limit 1
)

select
    fallen.customer_id,
    fallen.previous_points,
    fallen.points,
    changes.event_type,
    changes.effect,
    changes.points_change
from fallen
inner join changes on fallen.customer_id = changes.customer_id
order by changes.points_change, changes.event_type, changes.effect
