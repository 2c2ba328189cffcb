-- One row per customer and day on which something enters or leaves the window: by how much each total then changes.
{#-
  A running sum of these steps costs one pass, where a window recomputed for each day would read every event 28
  times.
-#}
{%- set window_days = score_window_days() %}
with activity as (
    select * from {{ ref('int_weighted_activity') }}
),

user_days as (
    select * from {{ ref('int_user_days') }}
),

decay as (
    select * from {{ ref('int_decay_steps') }}
),

spans as (
    -- With a half-life a line changes its worth each day: it leaves with one factor and enters with the next.
    select
        activity.customer_id,
        {{ add_days('activity.activity_date', 'decay.age_from') }} as enters_on,
        {{ add_days('activity.activity_date', 'decay.age_to + 1') }} as leaves_on,
        {{ line_points('activity.weight', 'activity.event_count', 'decay.factor') }} as points,
        0 as event_count,
        0 as active_days,
        0 as active_users
    from activity
    cross join decay
    union all
    select
        customer_id,
        activity_date as enters_on,
        {{ add_days('activity_date', window_days) }} as leaves_on,
        0 as points,
        sum(event_count) as event_count,
        1 as active_days,
        0 as active_users
    from activity
    group by customer_id, activity_date
    union all
    -- A user who comes back within the window is still one user: the earlier span ends where the next begins.
    select
        customer_id,
        activity_date as enters_on,
        least(
            {{ add_days('activity_date', window_days) }},
            lead(activity_date) over (partition by customer_id, user_id order by activity_date)
        ) as leaves_on,
        0 as points,
        0 as event_count,
        0 as active_days,
        1 as active_users
    from user_days
),

steps as (
    select
        customer_id,
        enters_on as step_date,
        points,
        event_count,
        active_days,
        active_users
    from spans
    union all
    select
        customer_id,
        leaves_on as step_date,
        -points as points,
        -event_count as event_count,
        -active_days as active_days,
        -active_users as active_users
    from spans
)

select
    customer_id,
    step_date,
    cast(sum(points) as decimal(18, 6)) as points,
    cast(sum(event_count) as bigint) as event_count,
    cast(sum(active_days) as bigint) as active_days,
    cast(sum(active_users) as bigint) as active_users
from steps
group by customer_id, step_date
