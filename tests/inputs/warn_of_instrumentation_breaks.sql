-- Not an error: customers may have stopped. But scores fall alike where a type is no longer recorded, and nobody's
-- engagement did.
{{ config(severity='warn') }}
select
    'event type ' || event_type || ' all but vanished on ' || cast(activity_date as {{ dbt.type_string() }}) || ': '
    || cast(event_count as {{ dbt.type_string() }}) || ' events of ' || cast(customers as {{ dbt.type_string() }})
    || ' customers, where '
    || cast(cast(round(expected_events) as bigint) as {{ dbt.type_string() }}) || ' events of '
    || cast(cast(round(expected_customers) as bigint) as {{ dbt.type_string() }}) || ' customers were to be expected ('
    || coalesce(
        'the other types had ' || cast(cast(round(100 * other_types_share) as bigint) as {{ dbt.type_string() }})
        || ' % of theirs',
        'no other type was expected'
    )
    || '): was it recorded on that day?' as problem
from {{ ref('instrumentation_breaks') }}
