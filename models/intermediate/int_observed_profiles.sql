-- One row per customer and span of days in which the customer was observed and no segment of it changed.
with profiles as (
    select * from {{ ref('int_segment_profiles') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

spans as (
    select
        profiles.customer_id,
        profiles.profile_number,
        greatest(profiles.valid_from, customers.observed_from) as valid_from,
        -- As a score has no row after the churn, what happens then is no activity of a customer.
        least(
            coalesce(profiles.valid_to, customers.as_of_date),
            coalesce(customers.churned_date, customers.as_of_date)
        ) as valid_to
    from profiles
    inner join customers on profiles.customer_id = customers.customer_id
    where customers.observed_from is not null
)

select * from spans
where valid_from <= valid_to
