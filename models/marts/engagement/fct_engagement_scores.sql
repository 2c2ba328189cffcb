-- One row per customer and score date: the engagement score of that day, or the reason why there is none.
{#-
  A view that adds what is the same in all rows or follows from the row, and names what is stored as a number: tens of millions of
  rows need not be written again because a build has another name, and numbers are written at a fraction of the cost of texts.
-#}
{{ config(materialized='view') }}
with scores as (
    select * from {{ ref('int_engagement_scores') }}
),

bands as (
    select * from {{ ref('int_score_bands') }}
    where metric = 'engagement'
),

versions as (
    select * from {{ ref('engagement_versions') }}
)

select
    scores.customer_id,
    scores.score_date,
    case scores.status_number
        {%- for status in engagement_statuses() %}
        when {{ loop.index }} then '{{ status }}'
        {%- endfor %}
    end as status,
    scores.event_count,
    scores.active_days,
    scores.active_users,
    scores.points,
    {{ ratio('scores.points', 'scores.active_users') }} as points_per_active_user,
    scores.engagement_score,
    scores.engagement_percentile,
    bands.band as engagement_band,
    scores.baseline_ratio,
    scores.previous_points,
    cast(scores.points - scores.previous_points as decimal(18, 6)) as points_change,
    scores.previous_score,
    cast(scores.engagement_score - scores.previous_score as decimal(9, 6)) as score_change,
    case
        when scores.engagement_score > scores.previous_score then 'up'
        when scores.engagement_score < scores.previous_score then 'down'
        when scores.engagement_score = scores.previous_score then 'flat'
    end as score_direction,
    versions.weight_version,
    versions.scale_version,
    versions.build_id,
    versions.as_of_date
from scores
cross join versions
left join bands on scores.band_number = bands.band_number
