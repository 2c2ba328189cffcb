-- One row per customer and month in which it was observed: on how many days it was active, with whom, and with what.
with customer_months as (
    select * from {{ ref('int_customer_months') }}
),

user_months as (
    select * from {{ ref('int_user_months') }}
),

feature_months as (
    select * from {{ ref('int_feature_months') }}
),

-- Over the segments that the customer had in the month.
users as (
    select
        customer_id,
        period_start,
        {{ all_days_of_month('active_days_of_month') }} as active_days_of_month,
        sum(event_count) as event_count
    from user_months
    group by customer_id, user_id, period_start
),

active as (
    select
        customer_id,
        period_start,
        cast({{ count_days(all_days_of_month('active_days_of_month')) }} as bigint) as active_days,
        cast(sum(event_count) as bigint) as event_count,
        count(*) as active_users,
        cast(sum({{ count_days('active_days_of_month') }}) as bigint) as user_days
    from users
    group by customer_id, period_start
),

features as (
    select
        customer_id,
        period_start,
        count(distinct event_type) as feature_breadth
    from feature_months
    group by customer_id, period_start
),

-- Left joins: a month of silence is a finding.
measured as (
    select
        customer_months.*,
        coalesce(active.active_days, 0) as active_days,
        coalesce(active.event_count, 0) as event_count,
        coalesce(active.active_users, 0) as active_users,
        coalesce(active.user_days, 0) as user_days,
        coalesce(features.feature_breadth, 0) as feature_breadth
    from customer_months
    left join active
        on customer_months.customer_id = active.customer_id
        and customer_months.period_start = active.period_start
    left join features
        on customer_months.customer_id = features.customer_id
        and customer_months.period_start = features.period_start
)

select
    customer_id,
    period_start,
    period_end,
    is_complete,
    days,
    active_days,
    {{ ratio('active_days', 'days') }} as active_day_share,
    event_count,
    active_users,
    user_days,
    {{ ratio('user_days', 'days') }} as mean_daily_users,
    {{ ratio('user_days', 'days * active_users') }} as stickiness,
    feature_breadth,
    {{ build_columns() }}
from measured
