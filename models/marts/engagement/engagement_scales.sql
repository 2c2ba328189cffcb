-- One row per cut point of the scale in use: the score that so many points earn.
with scale as (
    select * from {{ ref('int_engagement_scale') }}
)

select
    scale_version,
    points,
    score,
    {{ build_columns() }}
from scale
