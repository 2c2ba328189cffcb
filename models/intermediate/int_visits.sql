-- One row per visitor, activity date and run of events without a long pause: a session, or the part of one that lies on
-- that day.
with days as (
    select * from {{ ref('int_visit_days') }}
    where is_stale
),

fragments as (
    select fragments.*
    from {{ ref('int_visit_fragments') }} as fragments
    inner join days on fragments.activity_date = days.activity_date
)

-- A day at a time, so that late events cost no more than their days. Only what lies near midnight can go on beyond it.
select
    customer_id,
    user_id,
    activity_date,
    first_at,
    last_at,
    event_count,
    {{ reporting_date('first_at - ' ~ session_gap()) }} < activity_date
    or {{ reporting_date('last_at + ' ~ session_gap()) }} > activity_date as is_near_midnight
from {{ joined_pieces('fragments', ['customer_id', 'user_id', 'activity_date']) }} as joined
