-- One row per customer, horizon and period back: what was known of it on the cutoff, and whether it then left.
with activity as (
    select * from {{ ref('int_activity_daily') }}
),

window_activity as (
    select * from {{ ref('int_backtest_activity') }}
),

cutoffs as (
    select * from {{ ref('int_backtest_cutoffs') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

cutoff_dates as (
    select
        cutoff_date,
        lag(cutoff_date) over (order by cutoff_date) as previous_date
    from (select distinct cutoff_date from cutoffs) as dates
),

-- Each line of the ledger is looked at once: on the first cutoff at which it had happened and was loaded.
learned as (
    select
        activity.customer_id,
        cutoff_dates.cutoff_date,
        min(activity.activity_date) as first_date,
        max(activity.activity_date) as last_date
    from activity
    inner join cutoff_dates
        on greatest(activity.activity_date, activity.load_date) <= cutoff_dates.cutoff_date
        and (
            cutoff_dates.previous_date is null
            or greatest(activity.activity_date, activity.load_date) > cutoff_dates.previous_date
        )
    group by activity.customer_id, cutoff_dates.cutoff_date
),

-- Dates of the customer itself, such as when it was first seen, would tell what was loaded later.
known as (
    select
        learned.customer_id,
        cutoff_dates.cutoff_date,
        min(learned.first_date) as first_date,
        max(learned.last_date) as last_date
    from learned
    inner join cutoff_dates on learned.cutoff_date <= cutoff_dates.cutoff_date
    group by learned.customer_id, cutoff_dates.cutoff_date
),

earned as (
    select
        customer_id,
        cutoff_date,
        cast(sum(points) as decimal(18, 6)) as points
    from window_activity
    group by customer_id, cutoff_date
),

-- Left join: who did nothing in the window has earned nothing, and is the likeliest to leave.
joined as (
    select
        known.customer_id,
        known.cutoff_date,
        known.first_date,
        coalesce(earned.points, 0) as points,
        {{ days_between('known.last_date', 'known.cutoff_date') }} as days_since_last_event,
        customers.churned_date
    from known
    inner join customers on known.customer_id = customers.customer_id
    left join earned
        on known.customer_id = earned.customer_id
        and known.cutoff_date = earned.cutoff_date
    -- Of a customer that is in no list nobody ever reports that it left.
    where not customers.is_inferred
)

select
    joined.customer_id,
    cutoffs.horizon_days,
    cutoffs.periods_back,
    cutoffs.cutoff_date,
    joined.points,
    joined.days_since_last_event,
    coalesce(joined.churned_date <= cutoffs.outcome_date, false) as has_churned
from joined
inner join cutoffs on joined.cutoff_date = cutoffs.cutoff_date
where
    -- A window that is not yet full is not comparable with a full one.
    {{ days_between('joined.first_date', 'joined.cutoff_date') }} + 1 >= {{ score_window_days() }}
    and (joined.churned_date is null or joined.churned_date > joined.cutoff_date)
