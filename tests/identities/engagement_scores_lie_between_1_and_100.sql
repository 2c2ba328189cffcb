-- A score lies on the scale; without one the status says why; silence scores 1. Of the days that this build has made
-- anew.
with stale_dates as (
    select score_date from {{ ref('int_score_dates') }}
    where is_stale
)

select
    customer_id,
    score_date,
    status,
    points,
    engagement_score
from {{ ref('fct_engagement_scores') }}
where
    score_date in (select stale_dates.score_date from stale_dates)
    and (
        engagement_score not between 1 and 100
        or (engagement_score is null and status in ('active', 'silent'))
        or (engagement_score is not null and status in ('too_new', 'never_active'))
        or (engagement_score is not null and engagement_band is null)
        or (status = 'silent' and engagement_score <> 1)
        or (event_count = 0) <> (active_days = 0)
        or active_users > event_count
        or active_days > {{ score_window_days() }}
    )
