-- One row per event type: why the customer whose score fell most has the score it has today. Its points are their sum.
with customers as (
    select * from {{ ref('customer_scores') }}
),

contributions as (
    select * from {{ ref('fct_engagement_contributions') }}
),

fallen as (
    select
        customer_id,
        engagement_score,
        points
    from customers
    where engagement_status = 'active' and score_change is not null
    order by score_change, customer_id
    limit 1
)

select
    fallen.customer_id,
    fallen.engagement_score,
    fallen.points as points_in_all,
    contributions.event_type,
    contributions.event_count,
    contributions.weight,
    contributions.points,
    contributions.share_of_points
from fallen
inner join contributions
    on fallen.customer_id = contributions.customer_id
    and contributions.score_date = contributions.as_of_date
order by contributions.points desc, contributions.event_type asc
