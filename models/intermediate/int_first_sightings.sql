-- One row per customer that appears anywhere: the day on which it is first seen, and the day of its first event.
with versions as (
    select * from {{ ref('int_customer_versions') }}
),

activity as (
    select * from {{ ref('int_activity_daily') }}
),

answers as (
    select * from {{ ref('stg_survey_answers') }}
    where verdict = 'accepted'
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

current_versions as (
    select * from versions
    where recency = 1
),

-- Times before days: a day is dearer to find, and there are few of the first. Nobody answers before being asked.
first_answers as (
    select
        customer_id,
        min(coalesce(sent_at, answered_at)) as first_answer_at
    from answers
    group by customer_id
),

-- Once over the ledger, for both of its uses.
first_events as (
    select
        customer_id,
        min(activity_date) as first_active_date
    from activity
    group by customer_id
),

sightings as (
    select
        customer_id,
        version_date as seen_date
    from versions
    union all
    select
        customer_id,
        {{ reporting_date('trial_started_at') }} as seen_date
    from current_versions
    union all
    select
        customer_id,
        {{ reporting_date('subscribed_at') }} as seen_date
    from current_versions
    union all
    select
        customer_id,
        first_active_date as seen_date
    from first_events
    union all
    select
        customer_id,
        {{ reporting_date('first_answer_at') }} as seen_date
    from first_answers
),

first_seen as (
    select
        customer_id,
        min(seen_date) as first_seen_date
    from sightings
    group by customer_id
)

select
    first_seen.customer_id,
    -- A list without dates says who there is, not since when.
    coalesce(first_seen.first_seen_date, as_of.first_date) as first_seen_date,
    first_events.first_active_date
from first_seen
cross join as_of
left join first_events on first_seen.customer_id = first_events.customer_id
