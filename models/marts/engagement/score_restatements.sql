-- One row per customer, score date and day on which late events restated its score: before, after, and why.
{{ config(materialized='view') }}
with scores as (
    select * from {{ ref('fct_engagement_scores') }}
),

-- A score of a day is due with what is loaded on that day.
late_activity as (
    select
        scores.customer_id,
        scores.score_date,
        activity.load_date as restated_on,
        activity.event_type,
        sum(activity.event_count) as late_events,
        sum({{ line_points('weights.weight', 'activity.event_count', 'decay.factor') }}) as late_points
    from scores
    inner join {{ ref('int_activity_daily') }} as activity
        on scores.customer_id = activity.customer_id
        and scores.score_date >= activity.activity_date
        and scores.score_date < activity.load_date
    inner join {{ ref('engagement_decay') }} as decay
        on scores.score_date >= {{ add_days('activity.activity_date', 'decay.age_from') }}
        and scores.score_date <= {{ add_days('activity.activity_date', 'decay.age_to') }}
    left join {{ ref('engagement_weights') }} as weights on {{ weight_in_force('weights', 'activity') }}
    -- Follows from the join, and spares it all that came in time.
    where activity.load_date > activity.activity_date
    group by scores.customer_id, scores.score_date, activity.load_date, activity.event_type
),

restatements as (
    select
        customer_id,
        score_date,
        restated_on,
        sum(late_events) as late_events,
        sum(late_points) as late_points,
        {{ ordered_list('event_type', 'event_type', ', ') }} as event_types
    from late_activity
    group by customer_id, score_date, restated_on
),

-- From what is known now, back by what came after.
replayed as (
    select
        restatements.*,
        scores.engagement_score,
        scores.build_id,
        scores.as_of_date,
        scores.event_count - sum(restatements.late_events) over from_then as events_before,
        scores.points - sum(restatements.late_points) over from_then + restatements.late_points as points_after,
        scores.points - sum(restatements.late_points) over from_then as points_before
    from restatements
    inner join scores
        on restatements.customer_id = scores.customer_id
        and restatements.score_date = scores.score_date
    -- Partitioned by all that a filter may name, or the filter would not reach what is read.
    window
        from_then as (
            partition by restatements.customer_id, restatements.score_date, scores.as_of_date
            order by restatements.restated_on desc
        )
),

scored as (
    select
        replayed.*,
        case
            when replayed.engagement_score is not null
                then {{ score_of('replayed.points_before', 'replayed.events_before', 'lines_before') }}
        end as score_before,
        -- What came late is there by then: this is no silence.
        case
            when replayed.engagement_score is not null
                then {{ score_of_points('replayed.points_after', 'lines_after') }}
        end as score_after
    from replayed
    left join {{ ref('int_scale_lines') }} as lines_before
        on lines_before.is_in_use
        and {{ on_line('lines_before', 'replayed.points_before') }}
    left join {{ ref('int_scale_lines') }} as lines_after
        on lines_after.is_in_use
        and {{ on_line('lines_after', 'replayed.points_after') }}
)

select
    customer_id,
    score_date,
    restated_on,
    cast(late_events as bigint) as late_events,
    event_types,
    cast(points_before as decimal(18, 6)) as points_before,
    cast(points_after as decimal(18, 6)) as points_after,
    cast(late_points as decimal(18, 6)) as points_change,
    score_before,
    score_after,
    cast(score_after - score_before as decimal(9, 6)) as score_change,
    build_id,
    as_of_date
from scored
