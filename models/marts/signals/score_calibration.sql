-- One row per horizon, predictor and decile of foretold risk: how many were foretold to leave, and how many did.
with told as (
    select
        horizon_days,
        predictor,
        has_churned,
        -- Exact, so that sums are the same in any order.
        cast(probability as decimal(10, 9)) as probability
    from {{ ref('int_backtest_probabilities') }}
    where predictor in ('engagement', 'recency') and probability is not null
),

ranked as (
    select
        *,
        rank() over (partition by horizon_days, predictor order by probability) as risk_rank,
        count(*) over (partition by horizon_days, predictor) as customers_in_all
    from told
),

-- Equal risks share the lowest decile that one of them reaches: to split them would be to draw lots.
deciles as (
    select
        horizon_days,
        predictor,
        cast(1 + {{ whole_quotient('10 * (risk_rank - 1)', 'customers_in_all') }} as integer) as decile,
        cast(count(*) as bigint) as customers,
        {{ ratio('sum(probability)', 'count(*)') }} as mean_predicted,
        cast(sum(case when has_churned then 1 else 0 end) as bigint) as churned
    from ranked
    group by horizon_days, predictor, decile
)

select
    cast(horizon_days as integer) as horizon_days,
    predictor,
    decile,
    customers,
    mean_predicted,
    churned,
    {{ ratio('churned', 'customers') }} as churn_rate,
    {{ wilson_bound('churned', 'customers', '-') }} as churn_rate_low,
    {{ wilson_bound('churned', 'customers', '+') }} as churn_rate_high,
    {{ build_columns() }}
from deciles
