-- Every customer has one row for each day from the first observed to today or to churn: the mirror of "no row too
-- many".
with customers as (
    select
        customer_id,
        {{ days_between('observed_from', 'coalesce(churned_date, as_of_date)') }} + 1 as expected_days
    from {{ ref('int_customers') }}
    where observed_from <= coalesce(churned_date, as_of_date)
),

scores as (
    select
        customer_id,
        count(*) as days
    from {{ ref('fct_engagement_scores') }}
    group by customer_id
)

select
    coalesce(customers.customer_id, scores.customer_id) as customer_id,
    customers.expected_days,
    scores.days
from customers
full outer join scores on customers.customer_id = scores.customer_id
where customers.expected_days is distinct from scores.days
