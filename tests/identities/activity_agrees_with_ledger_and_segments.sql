-- Events and active days of all customers are those of the ledger until each churned, and each segment dimension has
-- the days of all customers.
with churned as (
    select * from {{ ref('int_customers') }}
    where churned_date is not null
),

ledger_days as (
    select
        activity.customer_id,
        activity.activity_date,
        sum(activity.event_count) as event_count
    from {{ ref('fct_activity_daily') }} as activity
    left join churned on activity.customer_id = churned.customer_id
    where churned.churned_date is null or activity.activity_date <= churned.churned_date
    group by activity.customer_id, activity.activity_date
),

ledger as (
    select
        {{ month_start('activity_date') }} as period_start,
        sum(event_count) as event_count,
        count(*) as active_days
    from ledger_days
    group by period_start
),

customers as (
    select
        period_start,
        count(*) as customers,
        sum(days) as customer_days,
        sum(active_days) as active_days,
        count(case when active_days > 0 then 1 end) as active_customers,
        sum(event_count) as event_count,
        sum(feature_breadth) as used_features
    from {{ ref('customer_activity') }}
    group by period_start
),

segments as (
    select
        segment_dimension,
        period_start,
        sum(customers) as customers,
        sum(customer_days) as customer_days,
        sum(active_customers) as active_customers,
        sum(active_customer_days) as active_days,
        round(sum(mean_feature_breadth * active_customers)) as used_features
    from {{ ref('segment_activity') }}
    group by segment_dimension, period_start
)

select
    segments.segment_dimension,
    coalesce(segments.period_start, customers.period_start, ledger.period_start) as period_start,
    segments.active_days,
    customers.active_days as active_days_of_customers,
    ledger.active_days as active_days_of_ledger,
    customers.event_count,
    ledger.event_count as event_count_of_ledger
from segments
full outer join customers on segments.period_start = customers.period_start
full outer join ledger on coalesce(segments.period_start, customers.period_start) = ledger.period_start
where
    segments.period_start is null
    or segments.customer_days <> coalesce(customers.customer_days, 0)
    or segments.active_days <> coalesce(customers.active_days, 0)
    or segments.active_days <> coalesce(ledger.active_days, 0)
    or coalesce(customers.event_count, 0) <> coalesce(ledger.event_count, 0)
    or segments.active_customers < coalesce(customers.active_customers, 0)
    or (segments.segment_dimension = 'all' and (
        segments.customers <> coalesce(customers.customers, 0)
        or segments.active_customers <> coalesce(customers.active_customers, 0)
        or coalesce(segments.used_features, 0) <> coalesce(customers.used_features, 0)
    ))
