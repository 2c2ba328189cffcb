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
union all
-- A dimension that is missing would sum to anything.
select
    horizon_days,
    predictor,
    'only ' || cast(count(distinct segment_dimension) as {{ dbt.type_string() }}) || ' dimensions' as segment_dimension,
    sum(customers) as customers,
    sum(churned) as churned,
    cast(null as bigint) as customers_in_all,
    cast(null as bigint) as churned_in_all
from backtest
group by horizon_days, predictor
having
    max(case when segment_dimension = 'all' then customers end) > 0
    and count(distinct segment_dimension) <> {{ segment_columns() | length + 1 }}
