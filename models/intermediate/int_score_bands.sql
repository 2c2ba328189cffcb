-- One row per metric and band, with the edge at which the next band begins.
with bands as (
    select * from {{ ref('score_bands') }}
)

select
    metric,
    band,
    cast(row_number() over (partition by metric order by lower_edge) as integer) as band_number,
    lower_edge,
    lead(lower_edge) over (partition by metric order by lower_edge) as upper_edge
from bands
