-- One row per customer scored today and scale: what the customer's points score on that scale, frozen or not.
with scores as (
    select * from {{ ref('fct_engagement_scores') }}
    where score_date = as_of_date and engagement_score is not null
),

scale_lines as (
    select * from {{ ref('int_scale_lines') }}
),

bands as (
    select * from {{ ref('int_score_bands') }}
    where metric = 'engagement'
),

-- Each scale has lines from end to end, so that nobody falls through.
scored as (
    select
        scores.customer_id,
        scale_lines.scale_version,
        scores.points,
        {{ score_of('scores.points', 'scores.event_count', 'scale_lines') }} as engagement_score,
        scale_lines.is_in_use,
        scores.engagement_score as score_in_use
    from scores
    inner join scale_lines on {{ on_line('scale_lines', 'scores.points') }}
)

select
    scored.customer_id,
    scored.scale_version,
    scored.points,
    scored.engagement_score,
    bands.band as engagement_band,
    scored.is_in_use,
    cast(scored.engagement_score - scored.score_in_use as decimal(9, 6)) as score_difference,
    {{ build_columns() }}
from scored
left join bands
    on scored.engagement_score >= bands.lower_edge
    and (bands.upper_edge is null or scored.engagement_score < bands.upper_edge)
