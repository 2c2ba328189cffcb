-- Everybody has a forecast or a reason why there is none, and what is forecast can be.
{{ config(enabled=var('clv_forecasts') | as_bool) }}
with forecasts as (
    select * from {{ ref('customer_clv_forecasts') }}
)

select
    customers.customer_id,
    forecasts.*
from {{ ref('dim_customers') }} as customers
full outer join forecasts on customers.customer_id = forecasts.customer_id
where
    customers.customer_id is null
    or forecasts.customer_id is null
    or probability_alive not between 0 and 1
    or expected_purchase_days < 0
    or expected_amount < 0
    or (note is null and (forecast_revenue is null or forecast_margin is null))
    or (coalesce(note, '') = 'churned') <> (customers.lifecycle_stage = 'churned')
    or (note = 'churned' and (forecast_revenue is distinct from 0 or probability_alive is distinct from 0))
    or (note in ('no_purchase', 'too_few_repeat_customers', 'not_fitted') and probability_alive is not null)
    or (note = 'no_purchase' and age_days is not null)
