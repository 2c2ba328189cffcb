-- One row per customer and month by whose end it has been seen: whether it is there on the month's last day.
with customers as (
    select * from {{ ref('int_customers') }}
),

activity as (
    select * from {{ ref('int_last_active_days') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

rules as (
    select * from {{ ref('int_value_rules') }}
),

-- From the month before the data begin: who is there at its end is there at the start of the first.
month_ends as (
    select
        months.period_start,
        least({{ month_end('months.period_start') }}, as_of.as_of_date) as last_date
    from {{ month_series(
        '(select ' ~ add_days(month_start('least(as_of.first_date, as_of.as_of_date)'), -1) ~ ' from as_of)',
        '(select as_of.as_of_date from as_of)'
    ) }} as months
    cross join as_of
),

-- Where a contract begins or ends, somebody will report the end; a trial that is given up just falls silent.
seen as (
    select
        customers.customer_id,
        customers.first_seen_date,
        customers.churned_date,
        case
            when
                customers.churned_date is not null
                or {{ reporting_date('customers.subscribed_at') }} <= customers.as_of_date
                then 'churn_date'
            else 'inactivity'
        end as presence_rule,
        month_ends.period_start,
        month_ends.last_date
    from customers
    inner join month_ends on customers.first_seen_date <= month_ends.last_date
),

active as (
    select
        seen.*,
        activity.last_active_date is not null as is_active,
        max(activity.last_active_date) over (
            partition by seen.customer_id order by seen.period_start
        ) as last_active_date
    from seen
    left join activity
        on seen.customer_id = activity.customer_id
        and seen.period_start = activity.period_start
),

-- Silence is a leaving as many days later, never earlier: silence alone changes no day that has passed.
judged as (
    select
        active.*,
        case
            when active.presence_rule = 'churn_date'
                then coalesce(active.last_date < active.churned_date, true)
            else coalesce(active.last_date < {{ add_days('active.last_active_date', 'rules.inactive_days') }}, false)
        end as is_there
    from active
    cross join rules
)

select
    customer_id,
    period_start,
    last_date,
    presence_rule,
    {{ month_start('first_seen_date') }} = period_start as is_first_month,
    is_active,
    is_there,
    coalesce(lag(is_there) over by_month, false) as was_there,
    coalesce(lead(is_there) over by_month, false) as stays
from judged
window by_month as (partition by customer_id order by period_start)
