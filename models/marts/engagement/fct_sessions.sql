-- One row per session: events of one visitor with no pause longer than the session gap.
{{ config(materialized='view') }}
with sessions as (
    select * from {{ ref('int_sessions') }}
),

versions as (
    select * from {{ ref('engagement_versions') }}
)

select
    sessions.customer_id,
    sessions.user_id,
    sessions.activity_date as session_date,
    sessions.started_at,
    sessions.ended_at,
    sessions.event_count,
    sessions.session_seconds,
    versions.build_id,
    versions.as_of_date
from sessions
cross join versions
