-- Not an error: customers may have stopped. But scores fall alike where a type is no longer recorded, and nobody's
-- engagement did.
{{ config(severity='warn') }}
select
    'event type ' || event_type || ' all but vanished on ' || cast(activity_date as varchar) || ': '
    || cast(event_count as varchar) || ' events of ' || cast(customers as varchar) || ' customers, where '
    || cast(cast(round(expected_events) as bigint) as varchar) || ' events of '
    || cast(cast(round(expected_customers) as bigint) as varchar) || ' customers were to be expected ('
    || coalesce(
        'the other types had ' || cast(cast(round(100 * other_types_share) as bigint) as varchar) || ' % of theirs',
        'no other type was expected'
    )
    || '): was it recorded on that day?' as problem
from {{ ref('instrumentation_breaks') }}
