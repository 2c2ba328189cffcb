-- One row per scale, band in use and band on that scale: whom a change of scale would move, by no doing of theirs.
with effects as (
    select * from {{ ref('scale_effects') }}
),

in_use as (
    select
        customer_id,
        scale_version,
        engagement_band
    from effects
    where is_in_use
)

select
    in_use.scale_version as scale_in_use,
    effects.scale_version as other_scale,
    in_use.engagement_band as band_in_use,
    effects.engagement_band as band_on_other_scale,
    count(*) as customers,
    avg(effects.score_difference) as mean_difference,
    max(abs(effects.score_difference)) as greatest_difference
from in_use
inner join effects on in_use.customer_id = effects.customer_id
group by in_use.scale_version, effects.scale_version, in_use.engagement_band, effects.engagement_band
order by other_scale, band_in_use, band_on_other_scale
