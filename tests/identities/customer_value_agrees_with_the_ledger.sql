-- Nothing sold is lost on the way: purchases and refunds of the ledger are those of the customers, and of the types by
-- month.
with ledger as (
    select
        sum(case when types.role = 'purchase' then activity.event_count else 0 end) as purchases,
        sum(case when types.role = 'refund' then activity.event_count else 0 end) as refunds,
        sum(case when types.role = 'purchase' then activity.amount end) as gross_revenue,
        sum(case when types.role = 'refund' then abs(activity.amount) end) as refunded
    from {{ ref('fct_activity_daily') }} as activity
    inner join {{ ref('event_types') }} as types on activity.event_type = types.event_type
    where activity.activity_date <= activity.as_of_date
),

customers as (
    select
        sum(purchases) as purchases,
        sum(refunds) as refunds,
        sum(gross_revenue) as gross_revenue,
        sum(refunded) as refunded,
        sum(revenue) as revenue
    from {{ ref('customer_value') }}
),

types as (
    select
        sum(case when role = 'purchase' then transactions else 0 end) as purchases,
        sum(case when role = 'refund' then transactions else 0 end) as refunds,
        sum(revenue) as revenue
    from {{ ref('transaction_types') }}
)

select
    ledger.purchases,
    customers.purchases as purchases_of_customers,
    types.purchases as purchases_of_types,
    ledger.gross_revenue - ledger.refunded as revenue,
    customers.revenue as revenue_of_customers,
    types.revenue as revenue_of_types
from ledger
cross join customers
cross join types
where
    coalesce(ledger.purchases, 0) <> customers.purchases
    or coalesce(ledger.refunds, 0) <> customers.refunds
    or coalesce(ledger.gross_revenue, 0) <> customers.gross_revenue
    or coalesce(ledger.refunded, 0) <> customers.refunded
    or customers.revenue <> customers.gross_revenue - customers.refunded
    or coalesce(types.purchases, 0) <> customers.purchases
    or coalesce(types.refunds, 0) <> customers.refunds
    or coalesce(types.revenue, 0) <> customers.revenue
