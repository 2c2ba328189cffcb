{% test trends_are_possible(model) %}
{#-
  Every customer with a row today has one trend row; a trend has the sign of S and needs four windows (today's rows: the view's filter reaches
  them, every row is for python_tests).
-#}
with scores as (
    select * from {{ ref('fct_engagement_scores') }}
    where score_date = as_of_date
),

trends as (
    select
        *,
        count(*) over (partition by customer_id) as copies
    from {{ model }}
    where score_date = as_of_date
)

select
    coalesce(scores.customer_id, trends.customer_id) as customer_id,
    trends.windows,
    trends.kendall_s,
    trends.kendall_tau,
    trends.p_value,
    trends.trend,
    trends.copies
from scores
full outer join trends on scores.customer_id = trends.customer_id
where
    scores.customer_id is null
    or trends.customer_id is null
    or trends.copies > 1
    or trends.windows not between 0 and 8
    or (trends.windows >= 4) <> (trends.kendall_s is not null)
    or (trends.windows >= 4) <> (trends.p_value is not null)
    or (trends.windows >= 4) <> (trends.trend is not null)
    or abs(trends.kendall_s) > trends.windows * (trends.windows - 1) / 2
    or abs(trends.kendall_tau) > 1.000000001
    or sign(trends.kendall_tau) <> sign(trends.kendall_s)
    or trends.p_value not between 0 and 1
    or (trends.kendall_s = 0 and trends.p_value <> 1)
    or (trends.trend = 'rising' and trends.kendall_s <= 0)
    or (trends.trend = 'falling' and trends.kendall_s >= 0)
    or (trends.trend = 'none') <> (trends.p_value >= 0.05)
{% endtest %}
