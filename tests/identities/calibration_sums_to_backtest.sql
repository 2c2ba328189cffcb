-- The deciles hold everybody who was judged, and a probability lies between 0 and 1.
with calibration as (
    select
        horizon_days,
        predictor,
        sum(customers) as customers,
        sum(churned) as churned,
        min(mean_predicted) as least,
        max(mean_predicted) as greatest,
        max(decile) as last_decile
    from {{ ref('score_calibration') }}
    group by horizon_days, predictor
),

backtest as (
    select * from {{ ref('score_backtest') }}
    where segment_dimension = 'all'
)

select
    backtest.horizon_days,
    backtest.predictor,
    backtest.customers,
    calibration.customers as customers_in_deciles
from backtest
left join calibration
    on backtest.horizon_days = calibration.horizon_days
    and backtest.predictor = calibration.predictor
where
    (backtest.brier is not null and calibration.customers is null)
    or calibration.customers <> backtest.customers
    or calibration.churned <> backtest.churned
    or calibration.least < 0
    or calibration.greatest > 1
    or calibration.last_decile > 10
