-- One row per customer and month in which it was observed: the scaffold of its activity.
with customers as (
    select * from {{ ref('int_customers') }}
),

-- Whoever is observed is in the segment `all`.
months as (
    select * from {{ ref('int_segment_months') }}
    where segment_dimension = 'all'
),

observed as (
    select
        customers.customer_id,
        months.period_start,
        months.period_end,
        months.is_complete,
        greatest(customers.observed_from, months.period_start) as first_date,
        least(coalesce(customers.churned_date, months.last_date), months.last_date) as last_date
    from customers
    inner join months on customers.observed_from <= months.last_date
)

select
    customer_id,
    period_start,
    period_end,
    is_complete,
    cast({{ days_between('first_date', 'last_date') }} + 1 as bigint) as days
from observed
where first_date <= last_date
