-- Not an error: but what was known when is then unknown, and what came late cannot be told from what was there before.
{{ config(severity='warn') }}
select
    'events has no loaded_at: all ' || cast(count(*) as {{ dbt.type_string() }})
    || ' load dates are read anew in each build, '
    || 'and nothing is known of what came late. Deliver the time at which a row reached the warehouse.' as problem
from {{ ref('int_event_loads') }}
where not has_load_times
having count(*) > 0
