-- One row per customer and score date: the engagement score of that day, or the reason why there is none.
with scores as (
    select * from {{ ref('int_engagement_scores') }}
),

bands as (
    select * from {{ ref('int_score_bands') }}
    where metric = 'engagement'
),

weight_version as (
    select * from {{ ref('int_weight_version') }}
),

scale_version as (
    select distinct scale_version from {{ ref('int_engagement_scale') }}
)

select
    scores.customer_id,
    scores.score_date,
    scores.status,
    scores.event_count,
    scores.active_days,
    scores.active_users,
    scores.points,
    cast(scores.points as double precision) / nullif(scores.active_users, 0) as points_per_active_user,
    scores.engagement_score,
    scores.engagement_percentile,
    scores.baseline_ratio,
    bands.band as engagement_band,
    scores.previous_score,
    scores.engagement_score - scores.previous_score as score_change,
    weight_version.weight_version,
    scale_version.scale_version,
    {{ build_columns() }}
from scores
cross join weight_version
cross join scale_version
left join bands
    on scores.engagement_score >= bands.lower_edge
    and (bands.upper_edge is null or scores.engagement_score < bands.upper_edge)
