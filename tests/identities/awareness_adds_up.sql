-- Each customer first seen since the data begin is new once in each dimension, with one origin at most, and each
-- dimension has as many interactions, which are no more than the events of the ledger.
with splits as (
    select
        segment_dimension,
        sum(new_customers) as new_customers,
        sum(came_by_invitation + came_by_referral + came_by_social) as came_by_something,
        sum(invited_customers) as invited_customers,
        sum(social_interactions) as social_interactions
    from {{ ref('awareness') }}
    group by segment_dimension
),

events as (
    select coalesce(sum(event_count), 0) as events
    from {{ ref('fct_activity_daily') }}
),

totals as (
    select * from splits
    where segment_dimension = 'all'
),

seen as (
    select count(*) as customers
    from {{ ref('dim_customers') }} as customers
    where customers.first_seen_date >= (select min(awareness.period_start) from {{ ref('awareness') }} as awareness)
)

select splits.*
from splits
cross join seen
cross join events
left join totals on splits.social_interactions = totals.social_interactions
where
    splits.new_customers <> seen.customers
    or splits.invited_customers <> splits.came_by_something
    or splits.invited_customers > splits.new_customers
    or splits.social_interactions > events.events
    or totals.social_interactions is null
