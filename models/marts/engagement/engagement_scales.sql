-- One row per scale version and cut point: the score that so many points earn.
with scale as (
    select * from {{ ref('int_engagement_scale') }}
)

select
    scale_version,
    points,
    score,
    is_in_use,
    {{ build_columns() }}
from scale
