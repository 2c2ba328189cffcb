-- One row per customer, score date, event type and weight: the receipt of a score, whose rows sum to its points
-- exactly.
{{ config(materialized='view') }}
{#-
  A view: the product of all customers, dates and types is never stored, and a filter on customer and date reaches
  what it reads.
-#}
with scores as (
    select * from {{ ref('fct_engagement_scores') }}
),

activity as (
    select * from {{ ref('int_activity_daily') }}
),

weights as (
    select * from {{ ref('engagement_weights') }}
),

decay as (
    select * from {{ ref('engagement_decay') }}
)

select
    scores.customer_id,
    scores.score_date,
    activity.event_type,
    weights.weight,
    cast(sum(activity.event_count) as bigint) as event_count,
    cast(sum({{ line_points('weights.weight', 'activity.event_count', 'decay.factor') }}) as decimal(18, 6)) as points,
    cast(sum({{ line_points('weights.weight', 'activity.event_count', 'decay.factor') }}) as {{ type_double() }})
    / nullif(cast(scores.points as {{ type_double() }}), 0) as share_of_points,
    scores.build_id,
    scores.as_of_date
from scores
inner join activity
    on scores.customer_id = activity.customer_id
    and scores.score_date >= activity.activity_date
inner join decay
    on scores.score_date >= {{ add_days('activity.activity_date', 'decay.age_from') }}
    and scores.score_date <= {{ add_days('activity.activity_date', 'decay.age_to') }}
left join weights on {{ weight_in_force('weights', 'activity') }}
group by
    scores.customer_id,
    scores.score_date,
    scores.points,
    scores.build_id,
    scores.as_of_date,
    activity.event_type,
    weights.weight
