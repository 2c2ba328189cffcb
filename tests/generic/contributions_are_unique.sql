{% test contributions_are_unique(model) %}
{#- Today's receipts have each event type and weight once; a null weight is a value of its own. -#}
select
    customer_id,
    event_type,
    weight,
    count(*) as copies
from {{ model }}
where score_date = as_of_date
group by customer_id, event_type, weight
having count(*) > 1
{% endtest %}
