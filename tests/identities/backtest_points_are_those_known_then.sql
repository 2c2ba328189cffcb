-- The points that the backtest judges by are those of the score as it was known on the cutoff; who is judged had a row.
with customers as (
    select * from {{ ref('int_backtest_customers') }}
),

known as (
    {%- set today = '(select int_as_of.as_of_date from ' ~ ref('int_as_of') ~ ' as int_as_of)' %}
    {%- for days in [30, 60, 90, 120, 180, 270] %}
    select
        customer_id,
        score_date,
        points
    from {{ ref('engagement_as_known') }}({{ add_days(today, -days) }}, {{ add_days(today, -days) }})
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    customers.customer_id,
    customers.cutoff_date,
    customers.points,
    known.points as points_known_then
from customers
left join known
    on customers.customer_id = known.customer_id
    and customers.cutoff_date = known.score_date
where known.points is null or customers.points <> known.points
