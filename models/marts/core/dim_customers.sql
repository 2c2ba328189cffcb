-- One row per customer that has been seen by the as-of date, inferred ones included.
with customers as (
    select * from {{ ref('int_customers') }}
)

select
    customer_id,
    is_inferred,
    plan,
    industry,
    region,
    {{ lifecycle_stage(
        'as_of_date', reporting_date('subscribed_at'), reporting_date('trial_started_at'), 'churned_date'
    ) }} as lifecycle_stage,
    first_seen_date,
    observed_from,
    trial_started_at,
    subscribed_at,
    churned_at,
    acquisition_cost,
    {{ build_columns() }}
from customers
