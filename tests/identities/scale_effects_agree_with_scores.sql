-- Everybody scored today stands on every scale once, and on the scale in use with the published score and band.
with scales as (
    select distinct
        scale_version,
        is_in_use
    from {{ ref('engagement_scales') }}
),

expected as (
    select
        scores.customer_id,
        scores.points,
        scores.engagement_score,
        scores.engagement_band,
        scales.scale_version,
        scales.is_in_use
    from {{ ref('fct_engagement_scores') }} as scores
    cross join scales
    where scores.score_date = scores.as_of_date and scores.engagement_score is not null
)

select
    coalesce(expected.customer_id, effects.customer_id) as customer_id,
    coalesce(expected.scale_version, effects.scale_version) as scale_version,
    expected.engagement_score as published_score,
    effects.engagement_score,
    effects.engagement_band,
    effects.score_difference
from expected
full outer join {{ ref('scale_effects') }} as effects
    on expected.customer_id = effects.customer_id
    and expected.scale_version = effects.scale_version
where
    expected.customer_id is null
    or effects.customer_id is null
    or effects.is_in_use <> expected.is_in_use
    or effects.points <> expected.points
    or effects.engagement_score not between 1 and 100
    or effects.engagement_band is null
    or effects.score_difference <> effects.engagement_score - expected.engagement_score
    or (expected.is_in_use and effects.engagement_score <> expected.engagement_score)
    or (expected.is_in_use and effects.engagement_band <> expected.engagement_band)
