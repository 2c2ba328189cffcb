-- One row per step of an event's age in days: the factor by which it counts.
with steps as (
    select * from {{ ref('int_decay_steps') }}
)

select
    age_from,
    age_to,
    factor,
    {{ build_columns() }}
from steps
