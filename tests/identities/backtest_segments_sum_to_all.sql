-- Each customer stands in one segment of each dimension, and every predictor judges the same customers.
with backtest as (
    select * from {{ ref('score_backtest') }}
),

dimensions as (
    select
        horizon_days,
        predictor,
        segment_dimension,
        sum(customers) as customers,
        sum(churned) as churned
    from backtest
    group by horizon_days, predictor, segment_dimension
)

select
    dimensions.*,
    backtest.customers as customers_in_all,
    backtest.churned as churned_in_all
from dimensions
inner join backtest
    on dimensions.horizon_days = backtest.horizon_days
    and backtest.predictor = 'recency'
    and backtest.segment_dimension = 'all'
where dimensions.customers <> backtest.customers or dimensions.churned <> backtest.churned
