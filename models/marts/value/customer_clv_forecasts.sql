-- One row per customer as of today: what a model of buying expects of it in the next 365 days.
with customers as (
    select * from {{ ref('int_customers') }}
),

purchases as (
    select * from {{ ref('customer_value') }}
),

forecasts as (
    select * from {{ ref('int_clv_forecasts') }}
),

rules as (
    select * from {{ ref('int_value_rules') }}
),

-- Who has told that it left does not come back, however well its purchases fit the model.
expected as (
    select
        customers.customer_id,
        customers.churned_date is not null as has_left,
        case when customers.churned_date is not null then 0.0 else forecasts.probability_alive end as probability_alive,
        case
            when customers.churned_date is not null then 0.0 else forecasts.expected_purchase_days
        end as expected_purchase_days,
        forecasts.expected_amount,
        case
            when customers.churned_date is not null then 0.0
            else forecasts.expected_purchase_days * forecasts.expected_amount
        end as forecast_revenue
    from customers
    left join forecasts on customers.customer_id = forecasts.customer_id
)

select
    expected.customer_id,
    purchases.frequency,
    purchases.repeat_span_days,
    purchases.age_days,
    purchases.monetary_value,
    expected.probability_alive,
    expected.expected_purchase_days,
    expected.expected_amount,
    expected.forecast_revenue,
    expected.forecast_revenue * cast(rules.gross_margin as {{ type_double() }}) as forecast_margin,
    forecasts.bgnbd_r,
    forecasts.bgnbd_alpha,
    forecasts.bgnbd_a,
    forecasts.bgnbd_b,
    forecasts.gg_p,
    forecasts.gg_q,
    forecasts.gg_v,
    case
        when expected.has_left then 'churned'
        when forecasts.customer_id is null then 'no_purchase'
        else forecasts.note
    end as note,
    {{ build_columns() }}
from expected
inner join purchases on expected.customer_id = purchases.customer_id
left join forecasts on expected.customer_id = forecasts.customer_id
cross join rules
