-- One row per customer, segment dimension and span of days during which one value held.
with history as (
    select * from {{ ref('int_segment_history') }}
)

select
    customer_id,
    segment_dimension,
    segment_value,
    valid_from,
    valid_to,
    {{ build_columns() }}
from history
