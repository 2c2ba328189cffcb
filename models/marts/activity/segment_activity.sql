-- One row per segment value and month: how many of the customers in the segment were active, how often, and with what.
with months as (
    select * from {{ ref('int_segment_months') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

segments as (
    select * from {{ ref('int_profile_segments') }}
),

user_months as (
    select * from {{ ref('int_user_months') }}
),

features as (
    select * from {{ ref('int_segment_features') }}
),

-- Whoever changes the segment within the month is active in both, each on its days.
active_customers as (
    select
        segments.segment_dimension,
        segments.segment_value,
        user_months.period_start,
        {{ all_days_of_month('user_months.active_days_of_month') }} as active_days_of_month
    from user_months
    inner join segments on user_months.profile_number = segments.profile_number
    group by
        segments.segment_dimension, segments.segment_value, user_months.period_start, user_months.customer_id
),

active as (
    select
        segment_dimension,
        segment_value,
        period_start,
        count(*) as active_customers,
        cast(sum({{ count_days('active_days_of_month') }}) as bigint) as active_customer_days
    from active_customers
    group by segment_dimension, segment_value, period_start
),

measured as (
    select
        months.*,
        case
            when as_of.first_activity_date <= months.last_date
                then cast({{ days_between(
                    'greatest(as_of.first_activity_date, months.period_start)', 'months.last_date'
                ) }} + 1 as bigint)
            else 0
        end as days,
        coalesce(active.active_customers, 0) as active_customers,
        coalesce(active.active_customer_days, 0) as active_customer_days,
        coalesce(features.used_features, 0) as used_features
    from months
    cross join as_of
    left join active
        on months.segment_dimension = active.segment_dimension
        and months.segment_value = active.segment_value
        and months.period_start = active.period_start
    left join features
        on months.segment_dimension = features.segment_dimension
        and months.segment_value = features.segment_value
        and months.period_start = features.period_start
)

select
    segment_dimension,
    segment_value,
    period_start,
    period_end,
    is_complete,
    observed_customers as customers,
    observed_days as customer_days,
    active_customers,
    active_customer_days,
    days,
    {{ ratio('active_customer_days', 'days') }} as mean_daily_active_customers,
    {{ ratio('active_customer_days', 'days * active_customers') }} as stickiness,
    {{ ratio('active_customer_days', 'observed_days') }} as active_day_share,
    {{ ratio('used_features', 'active_customers') }} as mean_feature_breadth,
    {{ build_columns() }}
from measured
