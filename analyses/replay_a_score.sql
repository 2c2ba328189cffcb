-- One row per customer whose points of four weeks ago are others today than were known on that day: late events.
{#- Both days may be any: write date '2026-05-31' in place of a subquery. -#}
{%- set that_day = '(select ' ~ add_days('as_of_date', -28) ~ ' from ' ~ ref('engagement_versions') ~ ')' %}
with known_then as (
    select * from {{ ref('engagement_as_known') }}({{ that_day }}, {{ that_day }})
),

scores as (
    select * from {{ ref('fct_engagement_scores') }}
    where score_date = {{ that_day }}
),

restatements as (
    select
        customer_id,
        score_date,
        sum(late_events) as late_events,
        max(restated_on) as last_restated_on
    from {{ ref('score_restatements') }}
    where score_date = {{ that_day }}
    group by customer_id, score_date
)

select
    known_then.customer_id,
    known_then.score_date,
    known_then.points as points_then,
    scores.points as points_now,
    known_then.engagement_score as score_then,
    scores.engagement_score as score_now,
    restatements.late_events,
    restatements.last_restated_on
from known_then
inner join scores
    on known_then.customer_id = scores.customer_id
    and known_then.score_date = scores.score_date
inner join restatements
    on known_then.customer_id = restatements.customer_id
    and known_then.score_date = restatements.score_date
where known_then.points <> scores.points
order by scores.points - known_then.points desc, known_then.customer_id asc
