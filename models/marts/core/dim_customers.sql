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
    case
        when churned_date is not null then 'churned'
        when {{ reporting_date('subscribed_at') }} <= as_of_date then 'subscribed'
        when {{ reporting_date('trial_started_at') }} <= as_of_date then 'trial'
        else 'unknown'
    end as lifecycle_stage,
    first_seen_date,
    observed_from,
    trial_started_at,
    subscribed_at,
    churned_at,
    acquisition_cost,
    {{ build_columns() }}
from customers
