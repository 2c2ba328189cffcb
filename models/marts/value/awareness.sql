-- One row per segment value and month: customers first seen in it, how they came, and what happened where people meet
-- us.
with cohorts as (
    select * from {{ ref('int_cohorts') }}
),

presence as (
    select * from {{ ref('int_presence') }}
),

awareness_events as (
    select * from {{ ref('int_awareness_events') }}
),

history as (
    select * from {{ ref('int_segment_history') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Long, so that no cell is lost: neither one in which nothing happened, nor one of a customer who left before first
-- sight.
parts as (
    select
        segment_dimension,
        segment_value,
        period_start,
        0 as new_customers,
        cast(null as {{ dbt.type_string() }}) as origin,
        0 as interactions
    from {{ ref('int_segment_months') }}
    union all
    select
        cohorts.segment_dimension,
        cohorts.segment_value,
        cohorts.cohort_month as period_start,
        1 as new_customers,
        presence.origin,
        0 as interactions
    from cohorts
    inner join presence on cohorts.customer_id = presence.customer_id
    union all
    select
        history.segment_dimension,
        history.segment_value,
        {{ month_start('awareness_events.activity_date') }} as period_start,
        0 as new_customers,
        cast(null as {{ dbt.type_string() }}) as origin,
        awareness_events.event_count as interactions
    from awareness_events
    inner join as_of on awareness_events.activity_date <= as_of.as_of_date
    inner join history
        on awareness_events.customer_id = history.customer_id
        and {{ holds_on('history', 'awareness_events.activity_date') }}
),

counts as (
    select
        segment_dimension,
        segment_value,
        period_start,
        {{ month_end('period_start') }} as period_end,
        cast(sum(new_customers) as bigint) as new_customers,
        cast(count(case when origin = 'invitation' then 1 end) as bigint) as came_by_invitation,
        cast(count(case when origin = 'referral' then 1 end) as bigint) as came_by_referral,
        cast(count(case when origin = 'social' then 1 end) as bigint) as came_by_social,
        cast(count(origin) as bigint) as invited_customers,
        cast(sum(interactions) as bigint) as social_interactions
    from parts
    group by segment_dimension, segment_value, period_start
)

select
    counts.segment_dimension,
    counts.segment_value,
    counts.period_start,
    counts.period_end,
    counts.period_end <= as_of.as_of_date as is_complete,
    counts.new_customers,
    counts.came_by_invitation,
    counts.came_by_referral,
    counts.came_by_social,
    counts.invited_customers,
    {{ ratio('counts.invited_customers', 'counts.new_customers') }} as invited_share,
    counts.social_interactions,
    {{ build_columns() }}
from counts
cross join as_of
