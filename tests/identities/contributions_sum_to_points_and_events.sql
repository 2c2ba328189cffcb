-- A receipt adds up: checked today and at each earlier end of a window (every row: python_tests).
with scores as (
    select * from {{ ref('fct_engagement_scores') }}
    where {{ days_between('score_date', 'as_of_date') }} % {{ score_window_days() }} = 0
),

receipts as (
    select
        customer_id,
        score_date,
        sum(points) as points,
        sum(event_count) as event_count
    from {{ ref('fct_engagement_contributions') }}
    where {{ days_between('score_date', 'as_of_date') }} % {{ score_window_days() }} = 0
    group by customer_id, score_date
)

select
    scores.customer_id,
    scores.score_date,
    scores.points,
    receipts.points as receipt_points
from scores
left join receipts
    on scores.customer_id = receipts.customer_id
    and scores.score_date = receipts.score_date
where scores.points <> coalesce(receipts.points, 0) or scores.event_count <> coalesce(receipts.event_count, 0)
