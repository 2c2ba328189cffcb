-- One row: which weights and which scale every engagement score of this build rests on.
with weight_version as (
    select * from {{ ref('int_weight_version') }}
),

scale_version as (
    select max(scale_version) as scale_version from {{ ref('int_engagement_scale') }}
    where is_in_use
)

select
    weight_version.weight_version,
    scale_version.scale_version,
    {{ build_columns() }}
from weight_version
cross join scale_version
