-- One row per customer, horizon, period back and predictor: how soon it would leave by that predictor alone.
with customers as (
    select * from {{ ref('int_backtest_customers') }}
    where periods_back <= 2
),

activity as (
    select * from {{ ref('int_backtest_activity') }}
),

proposals as (
    select * from {{ ref('int_weight_proposals') }}
),

learned as (
    select distinct horizon_days from proposals
    where proposed_weight is not null
),

-- What the customers that judge would have earned with the weights proposed; a type without a proposal keeps its worth.
proposed as (
    select
        customers.customer_id,
        customers.horizon_days,
        customers.periods_back,
        customers.has_churned,
        sum(
            coalesce(
                round(activity.decayed_count * cast(proposals.proposed_weight as decimal(12, 6)), 6), activity.points, 0
            )
        ) as points
    from customers
    inner join learned on customers.horizon_days = learned.horizon_days
    left join activity
        on customers.customer_id = activity.customer_id
        and customers.cutoff_date = activity.cutoff_date
    left join proposals on activity.event_type = proposals.event_type
    where customers.periods_back = 1
    group by customers.customer_id, customers.horizon_days, customers.periods_back, customers.has_churned
),

-- Points and days span orders of magnitude: the tenth point says more than the thousandth.
risks as (
    select
        customer_id,
        horizon_days,
        periods_back,
        'engagement' as predictor,
        -ln(1 + cast(points as {{ type_double() }})) as risk,
        has_churned
    from customers
    union all
    select
        customer_id,
        horizon_days,
        periods_back,
        'recency' as predictor,
        ln(1 + cast(days_since_last_event as {{ type_double() }})) as risk,
        has_churned
    from customers
    union all
    select
        customer_id,
        horizon_days,
        periods_back,
        'proposed' as predictor,
        -ln(1 + cast(points as {{ type_double() }})) as risk,
        has_churned
    from proposed
)

select * from risks
