-- One row per session: events of one visitor with no pause longer than the session gap.
{{ config(materialized='view') }}
{#
  A view: as a table it would be written anew in each build, where the visits below it are kept.
#}
with sessions as (
    select
        customer_id,
        user_id,
        activity_date,
        first_at,
        last_at,
        event_count
    from {{ ref('int_visits') }}
    where not is_near_midnight
    union all
    select
        customer_id,
        user_id,
        activity_date,
        first_at,
        last_at,
        event_count
    from {{ ref('int_night_sessions') }}
)

select
    customer_id,
    user_id,
    activity_date,
    first_at as started_at,
    last_at as ended_at,
    event_count,
    {{ seconds_between('first_at', 'last_at') }} as session_seconds
from sessions
