-- One row per customer, horizon and segment dimension: where the customer was on the day from which it is judged.
with customers as (
    select * from {{ ref('int_backtest_customers') }}
    where periods_back = 1
),

history as (
    select * from {{ ref('int_segment_history') }}
)

select
    customers.customer_id,
    customers.horizon_days,
    history.segment_dimension,
    history.segment_value
from customers
inner join history
    on customers.customer_id = history.customer_id
    and {{ holds_on('history', 'customers.cutoff_date') }}
