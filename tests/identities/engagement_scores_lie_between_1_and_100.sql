-- A score lies on the scale; without one the status says why; silence scores 1.
select
    customer_id,
    score_date,
    status,
    points,
    engagement_score
from {{ ref('fct_engagement_scores') }}
where
    engagement_score not between 1 and 100
    or (engagement_score is null and status in ('active', 'silent'))
    or (engagement_score is not null and status in ('too_new', 'never_active'))
    or (engagement_score is not null and engagement_band is null)
    or (status = 'silent' and engagement_score <> 1)
    or (event_count = 0) <> (active_days = 0)
    or active_users > event_count
    or active_days > {{ score_window_days() }}
