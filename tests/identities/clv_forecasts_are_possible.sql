-- Everybody has a forecast or a reason why there is none, and what is forecast can be.
{{ config(enabled=clv_forecasts()) }}
with forecasts as (
    select * from {{ ref('customer_clv_forecasts') }}
)

select
    customers.lifecycle_stage,
    forecasts.*
from {{ ref('dim_customers') }} as customers
full outer join forecasts on customers.customer_id = forecasts.customer_id
where
    customers.customer_id is null
    or forecasts.customer_id is null
    or forecasts.probability_alive not between 0 and 1
    or forecasts.expected_purchase_days < 0
    or forecasts.expected_amount < 0
    or (forecasts.note is null and (forecasts.forecast_revenue is null or forecasts.forecast_margin is null))
    or (coalesce(forecasts.note, '') = 'churned') <> (customers.lifecycle_stage = 'churned')
    or (
        forecasts.note = 'churned'
        and (forecasts.forecast_revenue is distinct from 0 or forecasts.probability_alive is distinct from 0)
    )
    or (
        forecasts.note in ('no_purchase', 'too_few_repeat_customers', 'not_fitted')
        and forecasts.probability_alive is not null
    )
    or (forecasts.note = 'no_purchase' and forecasts.age_days is not null)
