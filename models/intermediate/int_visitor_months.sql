-- One row per visitor, segment profile and month in which the visitor began a session: sessions and time on site.
with sessions as (
    select * from {{ ref('int_sessions') }}
),

profiles as (
    select * from {{ ref('int_segment_profiles') }}
)

select
    sessions.customer_id,
    sessions.user_id,
    profiles.profile_number,
    {{ month_start('sessions.activity_date') }} as period_start,
    cast(count(*) as bigint) as sessions,
    cast(sum(sessions.session_seconds) as decimal(18, 6)) as total_seconds
from sessions
inner join profiles
    on sessions.customer_id = profiles.customer_id
    and {{ holds_on('profiles', 'sessions.activity_date') }}
group by sessions.customer_id, sessions.user_id, profiles.profile_number, period_start
