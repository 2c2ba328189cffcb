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
        case
            -- Silence scores 1 on any scale.
            when scores.event_count = 0 then cast(1 as decimal(9, 6))
            else {{ score_on_line(
                'scores.points', 'scale_lines.from_points', 'scale_lines.to_points', 'scale_lines.from_score',
                'scale_lines.to_score'
            ) }}
        end as engagement_score,
        scale_lines.is_in_use,
        scores.engagement_score as score_in_use
    from scores
    inner join scale_lines
        on (scale_lines.from_points is null or scores.points >= scale_lines.from_points)
        and (scale_lines.to_points is null or scores.points < scale_lines.to_points)
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
