-- One row per customer: the most valuable customers who do little, are dissatisfied, or whose points fall, dearest
-- first.
with customers as (
    select * from {{ ref('customer_scores') }}
)

select
    customer_id,
    plan,
    clv,
    revenue,
    rfm_segment,
    quadrant,
    engagement_score,
    score_change,
    trend,
    csat,
    nps
from customers
where
    clv > 0
    and (quadrant in ('engaged but dissatisfied', 'satisfied but fading', 'neither') or trend = 'falling')
order by clv desc, customer_id asc
limit 25
