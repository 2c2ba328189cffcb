-- One row per customer with named users and score date that is made anew: how many users are active in its window.
{{ config(materialized='view') }}
with spans as (
    select * from {{ ref('int_user_spans') }}
),

days as (
    select * from {{ ref('int_score_days') }}
),

steps as (
    select
        customer_number,
        enters_on as step_day,
        1 as users
    from spans
    union all
    select
        customer_number,
        leaves_on as step_day,
        -1 as users
    from spans
),

changes as (
    select
        customer_number,
        step_day,
        sum(users) as users_change
    from steps
    group by customer_number, step_day
),

-- A number of users holds until the next change.
levels as (
    select
        customer_number,
        step_day,
        sum(users_change) over (
            partition by customer_number order by step_day
            rows between unbounded preceding and current row
        ) as active_users,
        lead(step_day) over (partition by customer_number order by step_day) as next_step_day
    from changes
)

select
    levels.customer_number,
    days.day as score_date,
    cast(levels.active_users as integer) as active_users
from levels
inner join days
    on levels.step_day <= days.day
    and (levels.next_step_day > days.day or levels.next_step_day is null)
where days.is_score_date
