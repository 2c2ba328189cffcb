-- A receipt adds up: checked for today, the date that a filter reaches through the view (every row: python_tests).
with scores as (
    select * from {{ ref('fct_engagement_scores') }}
    where score_date = as_of_date
),

receipts as (
    select
        customer_id,
        sum(points) as points,
        sum(event_count) as event_count
    from {{ ref('fct_engagement_contributions') }}
    where score_date = as_of_date
    group by customer_id
)

select
    scores.customer_id,
    scores.points,
    receipts.points as receipt_points
from scores
left join receipts on scores.customer_id = receipts.customer_id
where scores.points <> coalesce(receipts.points, 0) or scores.event_count <> coalesce(receipts.event_count, 0)
