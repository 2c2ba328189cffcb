-- One row per customer with a row on `on_date`: its score as it was known at the end of `known_on`.
{{ config(
    materialized='table_macro', meta={'parameters': {'known_on': 'date', 'on_date': 'date'}}, contract={'enforced': false}
) }}
{#-
  A table function: `select * from engagement_as_known(date '2026-05-31', date '2026-05-15')`. The ledger keeps the load date of each
  line, so what came later is left out; weights, scale and copies are those of this build.
-#}
with scores as (
    select * from {{ ref('fct_engagement_scores') }}
    where score_date = on_date
),

activity as (
    select
        *,
        {{ days_between('activity_date', 'on_date') }} as age
    from {{ ref('int_activity_daily') }}
    where activity_date <= on_date and load_date <= known_on
),

weights as (
    select * from {{ ref('engagement_weights') }}
),

decay as (
    select * from {{ ref('engagement_decay') }}
),

scale_lines as (
    select * from {{ ref('int_scale_lines') }}
    where is_in_use
),

known as (
    select
        activity.customer_id,
        cast(sum(activity.event_count) as bigint) as event_count,
        count(distinct activity.activity_date) as active_days,
        cast(
            sum({{ line_points('weights.weight', 'activity.event_count', 'decay.factor') }}) as decimal(18, 6)
        ) as points
    from activity
    inner join decay
        on activity.age >= decay.age_from
        and activity.age <= decay.age_to
    left join weights on {{ weight_in_force('weights', 'activity') }}
    group by activity.customer_id
),

-- Left join: whoever was there had a row, with or without an event that was known.
replayed as (
    select
        scores.customer_id,
        scores.score_date,
        scores.engagement_score is not null as is_scored,
        coalesce(known.event_count, 0) as event_count,
        coalesce(known.active_days, 0) as active_days,
        coalesce(known.points, 0) as points,
        scores.build_id,
        scores.as_of_date
    from scores
    left join known on scores.customer_id = known.customer_id
)

select
    replayed.customer_id,
    replayed.score_date,
    replayed.event_count,
    replayed.active_days,
    replayed.points,
    case
        when replayed.is_scored then {{ score_of('replayed.points', 'replayed.event_count', 'scale_lines') }}
    end as engagement_score,
    replayed.build_id,
    replayed.as_of_date
from replayed
left join scale_lines on {{ on_line('scale_lines', 'replayed.points') }}
