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

history as (
    select * from {{ ref('int_segment_history') }}
),

-- Whoever has the profile: on the day it began it had these segments.
examples as (
    select
        profile_number,
        min(customer_id) as customer_id
    from profiles
    group by profile_number
),

example_days as (
    select
        examples.profile_number,
        examples.customer_id,
        min(profiles.valid_from) as valid_from
    from examples
    inner join profiles
        on examples.profile_number = profiles.profile_number
        and examples.customer_id = profiles.customer_id
    group by examples.profile_number, examples.customer_id
),

segments as (
    select
        example_days.profile_number,
        history.segment_dimension,
        history.segment_value
    from example_days
    inner join history
        on example_days.customer_id = history.customer_id
        and example_days.valid_from >= history.valid_from
        and example_days.valid_from <= coalesce(history.valid_to, cast('9999-12-31' as date))
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
        and scores.score_date >= profiles.valid_from
        and scores.score_date <= coalesce(profiles.valid_to, cast('9999-12-31' as date))
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
