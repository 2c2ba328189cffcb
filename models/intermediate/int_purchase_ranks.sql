-- One row per customer with a purchase: the fifth in which it stands by recency, purchase days and revenue.
with buyers as (
    select * from {{ ref('int_customer_purchases') }}
    where purchase_days > 0
),

-- Equals share the lowest of their ranks, so that none of them is better than another.
ranked as (
    select
        customer_id,
        count(*) over () as buyers,
        rank() over (order by last_purchase_date) as recency_rank,
        rank() over (order by purchase_days) as frequency_rank,
        rank() over (order by gross_revenue - refunded) as monetary_rank
    from buyers
)

select
    customer_id,
    cast(1 + floor(5.0 * (recency_rank - 1) / buyers) as integer) as recency_quintile,
    cast(1 + floor(5.0 * (frequency_rank - 1) / buyers) as integer) as frequency_quintile,
    cast(1 + floor(5.0 * (monetary_rank - 1) / buyers) as integer) as monetary_quintile
from ranked
