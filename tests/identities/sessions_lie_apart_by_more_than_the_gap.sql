-- A visitor's sessions lie further apart than the session gap, and none ends before it began: those of the last week,
-- since it is when a build that reads new events alone could go wrong (every session: python_tests).
with sessions as (
    select
        *,
        lag(ended_at) over (partition by customer_id, user_id order by started_at) as previous_ended_at
    from {{ ref('fct_sessions') }}
    where session_date > {{ add_days('as_of_date', -7) }}
)

select * from sessions
where
    started_at <= previous_ended_at + {{ session_gap() }}
    or ended_at < started_at
    or session_seconds <> {{ seconds_between('started_at', 'ended_at') }}
    or session_date <> {{ reporting_date('started_at') }}
    or (event_count = 1 and session_seconds <> 0)
