-- One row per customer with named users, run of score dates, user and day with an event: from when to when that makes
-- the user active.
{{ config(materialized='view') }}
{%- set window_days = score_window_days() %}
with named as (
    select distinct
        user_days.customer_id,
        user_days.user_id,
        user_days.activity_date,
        days.run
    from {{ ref('int_user_days') }} as user_days
    inner join {{ ref('int_score_days') }} as days on user_days.activity_date = days.day
),

customers_with_names as (
    select distinct
        customer_id,
        run
    from named
),

customers as (
    select
        customers.customer_number,
        customers.customer_id,
        customers_with_names.run
    from {{ ref('int_customers') }} as customers
    inner join customers_with_names on customers.customer_id = customers_with_names.customer_id
),

-- What the account did itself is one more user. Where nobody is named it is the only one, for which days suffice.
account as (
    select distinct
        customers.customer_number,
        customers.run,
        ledger.activity_date
    from {{ ref('int_activity_daily') }} as ledger
    inner join customers on ledger.customer_id = customers.customer_id
    inner join {{ ref('int_score_days') }} as days
        on customers.run = days.run
        and ledger.activity_date = days.day
    where ledger.account_events > 0
),

user_days as (
    select
        customers.customer_number,
        customers.run,
        named.user_id,
        named.activity_date
    from named
    inner join customers
        on named.customer_id = customers.customer_id
        and named.run = customers.run
    union all
    select
        customer_number,
        run,
        cast(null as varchar) as user_id,
        activity_date
    from account
)

-- A user who comes back within the window is still one user: the earlier span ends where the next begins.
select
    customer_number,
    run,
    user_id,
    activity_date as enters_on,
    least(
        {{ add_days('activity_date', window_days) }},
        lead(activity_date) over (partition by customer_number, run, user_id order by activity_date)
    ) as leaves_on
from user_days
