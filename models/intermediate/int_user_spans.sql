-- One row per customer with named users, user and day with an event: from when to when that makes the user active.
{{ config(materialized='view') }}
{%- set window_days = score_window_days() %}
with named as (
    select distinct
        user_days.customer_id,
        user_days.user_id,
        user_days.activity_date
    from {{ ref('int_user_days') }} as user_days
    inner join {{ ref('int_score_days') }} as days on user_days.activity_date = days.day
),

customers as (
    select
        customer_number,
        customer_id
    from {{ ref('int_customers') }}
    where customer_id in (select named.customer_id from named)
),

-- What the account did itself is one more user. Where nobody is named it is the only one, for which days suffice.
account as (
    select distinct
        customers.customer_number,
        ledger.activity_date
    from {{ ref('int_activity_daily') }} as ledger
    inner join customers on ledger.customer_id = customers.customer_id
    inner join {{ ref('int_score_days') }} as days on ledger.activity_date = days.day
    where ledger.account_events > 0
),

user_days as (
    select
        customers.customer_number,
        named.user_id,
        named.activity_date
    from named
    inner join customers on named.customer_id = customers.customer_id
    union all
    select
        customer_number,
        cast(null as {{ dbt.type_string() }}) as user_id,
        activity_date
    from account
)

-- A user who comes back within the window is still one user: the earlier span ends where the next begins.
select
    customer_number,
    user_id,
    activity_date as enters_on,
    least(
        {{ add_days('activity_date', window_days) }},
        lead(activity_date) over (partition by customer_number, user_id order by activity_date)
    ) as leaves_on
from user_days
