-- One row per customer and score date: what the window that ends that day holds.
with customers as (
    select * from {{ ref('int_customers') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

steps as (
    select * from {{ ref('int_window_steps') }}
),

days as (
    select cast(series.day as date) as score_date
    from {{ date_series('(select first_activity_date from as_of)', '(select as_of_date from as_of)') }} as series
),

-- Every day from first sight to churn, silent days too: silence is a finding.
score_dates as (
    select
        customers.customer_id,
        customers.observed_from,
        customers.first_active_date,
        customers.churned_date,
        days.score_date
    from customers
    inner join days
        on customers.observed_from <= days.score_date
        and days.score_date <= coalesce(customers.churned_date, customers.as_of_date)
)

select
    score_dates.*,
    cast(sum(coalesce(steps.points, 0)) over so_far as decimal(18, 6)) as points,
    cast(sum(coalesce(steps.event_count, 0)) over so_far as bigint) as event_count,
    cast(sum(coalesce(steps.active_days, 0)) over so_far as bigint) as active_days,
    cast(sum(coalesce(steps.active_users, 0)) over so_far as bigint) as active_users
from score_dates
left join steps
    on score_dates.customer_id = steps.customer_id
    and score_dates.score_date = steps.step_date
window so_far as (
    partition by score_dates.customer_id
    order by score_dates.score_date
    rows between unbounded preceding and current row
)
