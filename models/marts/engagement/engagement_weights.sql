-- One row per weight and its validity: what an event of that type was worth on those days.
with weights as (
    select * from {{ ref('event_weights') }}
)

select
    event_type,
    weight,
    valid_from,
    valid_to,
    reason,
    {{ build_columns() }}
from weights
