-- One row per customer and score date that is made anew: what the window that ends that day holds.
{%- set window_days = score_window_days() %}
with activity as (
    select * from {{ ref('int_window_activity') }}
),

users as (
    select * from {{ ref('int_window_users') }}
),

scaffold as (
    select * from {{ ref('int_score_scaffold') }}
),

-- Rows are dense before each score date, so that its window is so many rows; what is summed on other days is left out.
-- The dearest step of all carries nothing that can be had later, two counts in one sum (a window has at most 366 days),
-- and no nulls, which cost more than zeros.
summed as (
    select
        scaffold.customer_number,
        scaffold.day,
        scaffold.is_score_date,
        scaffold.is_scored,
        sum(coalesce(activity.points, 0)) over (
            partition by scaffold.customer_number order by scaffold.day
            rows between {{ decay_steps()[0].age_to }} preceding and current row
        ) as points,
        sum(coalesce(cast(activity.event_count as bigint) * 512 + cast(activity.event_count > 0 as integer), 0)) over (
            partition by scaffold.customer_number order by scaffold.day
            rows between {{ window_days - 1 }} preceding and current row
        ) as counts
    from scaffold
    left join activity
        on scaffold.customer_number = activity.customer_number
        and scaffold.day = activity.activity_day
),

totals as (
    select
        customer_number,
        day as score_date,
        is_score_date,
        is_scored,
        cast(points as decimal(18, 6)) as points,
        cast(counts as bigint) as counts
    from summed
)

select
    totals.customer_number,
    totals.score_date,
    totals.is_scored,
    totals.points,
    cast({{ whole_quotient('totals.counts', 512) }} as integer) as event_count,
    cast(totals.counts % 512 as integer) as active_days,
    -- Nobody named: the account itself is the only user.
    coalesce(users.active_users, cast(least(totals.counts, 1) as integer)) as active_users
from totals
left join users
    on totals.customer_number = users.customer_number
    and totals.score_date = users.score_date
where totals.is_score_date
