-- One row per event type and day that has events or could expect some: the events, and how many the four weeks before
-- lead to expect.
with activity as (
    select * from {{ ref('int_activity_dates') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

weeks as (
    select weeks.weeks_later from (values (0), (1), (2), (3), (4)) as weeks (weeks_later)
),

-- Each day speaks for itself and for the same weekday of the next four weeks, so that a type is never looked at on
-- days of which nothing is known: with thousands of types, all types on all days would be too many.
spoken_for as (
    select
        activity.event_type,
        {{ add_days('activity.activity_date', '7 * weeks.weeks_later') }} as activity_date,
        case when weeks.weeks_later = 0 then activity.event_count end as event_count,
        case when weeks.weeks_later > 0 then activity.event_count end as earlier_events
    from activity
    cross join weeks
)

select
    spoken_for.event_type,
    spoken_for.activity_date,
    cast(coalesce(sum(spoken_for.event_count), 0) as bigint) as event_count,
    {{ median_of_four('spoken_for.earlier_events') }} as expected_events
from spoken_for
cross join as_of
-- The last day may be incomplete, and the first four weeks have nothing to be compared with.
where
    spoken_for.activity_date >= {{ add_days('as_of.first_activity_date', 28) }}
    and spoken_for.activity_date < as_of.as_of_date
group by spoken_for.event_type, spoken_for.activity_date
