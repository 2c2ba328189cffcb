-- Not an error: the type is listed, and a weight can be given later.
{{ config(severity='warn') }}
select
    'event type ' || event_type || ' has no weight and is not scored (' || cast(event_count as {{ dbt.type_string() }})
    || ' events): add it to event_weights.csv, with 0 if it shall not count.' as problem
from {{ ref('unweighted_event_types') }}
