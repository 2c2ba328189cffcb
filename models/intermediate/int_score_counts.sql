-- One row per score date that is made anew, segment and score: how many customers have it; those without a score stand
-- under a null.
with scores as (
    select * from {{ ref('int_engagement_scores') }}
),

stale_dates as (
    select score_date from {{ ref('int_segment_dates') }}
    where is_stale
),

profiles as (
    select * from {{ ref('int_segment_profiles') }}
),

segments as (
    select * from {{ ref('int_profile_segments') }}
),

counts as (
    select
        scores.score_date,
        profiles.profile_number,
        scores.engagement_score,
        scores.band_number,
        count(*) as customers
    from scores
    inner join stale_dates on scores.score_date = stale_dates.score_date
    inner join profiles
        on scores.customer_id = profiles.customer_id
        and {{ holds_on('profiles', 'scores.score_date') }}
    group by scores.score_date, profiles.profile_number, scores.engagement_score, scores.band_number
)

select
    counts.score_date,
    segments.segment_dimension,
    segments.segment_value,
    counts.engagement_score,
    counts.band_number,
    cast(sum(counts.customers) as bigint) as customers
from counts
inner join segments on counts.profile_number = segments.profile_number
group by
    counts.score_date,
    segments.segment_dimension,
    segments.segment_value,
    counts.engagement_score,
    counts.band_number
