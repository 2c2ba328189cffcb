-- One row per segment value and month with a used feature: features of its customers, each customer's each counted
-- once.
with feature_months as (
    select * from {{ ref('int_feature_months') }}
),

segments as (
    select * from {{ ref('int_profile_segments') }}
),

-- Few have two profiles in a month. These may share a value: what such a customer used in both it used once.
movers as (
    select
        customer_id,
        period_start
    from feature_months
    group by customer_id, period_start
    having min(profile_number) < max(profile_number)
),

features_of_movers as (
    select distinct
        segments.segment_dimension,
        segments.segment_value,
        feature_months.period_start,
        feature_months.customer_id,
        feature_months.event_type
    from feature_months
    inner join movers
        on feature_months.customer_id = movers.customer_id
        and feature_months.period_start = movers.period_start
    inner join segments on feature_months.profile_number = segments.profile_number
),

-- Of all others by profile first: they are many, and dimensions multiply them.
features_of_others as (
    select
        feature_months.profile_number,
        feature_months.period_start,
        count(*) as used_features
    from feature_months
    where
        not exists (
            select 1 from movers
            where
                movers.customer_id = feature_months.customer_id
                and movers.period_start = feature_months.period_start
        )
    group by feature_months.profile_number, feature_months.period_start
),

counts as (
    select
        segments.segment_dimension,
        segments.segment_value,
        others.period_start,
        others.used_features
    from features_of_others as others
    inner join segments on others.profile_number = segments.profile_number
    union all
    select
        segment_dimension,
        segment_value,
        period_start,
        1 as used_features
    from features_of_movers
)

select
    segment_dimension,
    segment_value,
    period_start,
    cast(sum(used_features) as bigint) as used_features
from counts
group by segment_dimension, segment_value, period_start
