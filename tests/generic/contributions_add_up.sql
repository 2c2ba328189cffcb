{% test contributions_add_up(model) %}
{#-
  Receipts have each event type and weight once (a null weight is a value of its own), and sum to the score's points and events: checked for
  today, the date that a filter reaches through the view (every row: python_tests).
-#}
with scores as (
    select * from {{ ref('fct_engagement_scores') }}
    where score_date = as_of_date
),

lines as (
    select
        customer_id,
        event_type,
        weight,
        sum(points) as points,
        sum(event_count) as event_count,
        count(*) as copies
    from {{ model }}
    where score_date = as_of_date
    group by customer_id, event_type, weight
),

receipts as (
    select
        customer_id,
        sum(points) as points,
        sum(event_count) as event_count,
        max(copies) as copies
    from lines
    group by customer_id
)

select
    scores.customer_id,
    scores.points,
    receipts.points as receipt_points,
    receipts.copies
from scores
full outer join receipts on scores.customer_id = receipts.customer_id
where
    scores.customer_id is null
    or scores.points <> coalesce(receipts.points, 0)
    or scores.event_count <> coalesce(receipts.event_count, 0)
    or receipts.copies > 1
{% endtest %}
