-- One row per customer and score date: the window, the customer's status, and whether the day can be scored.
with windows as (
    select * from {{ ref('int_engagement_windows') }}
),

classified as (
    select
        *,
        {{ days_between('observed_from', 'score_date') }} + 1 >= {{ score_window_days() }} as is_full_window,
        case
            when {{ days_between('observed_from', 'score_date') }} + 1 < {{ score_window_days() }} then 'too_new'
            when first_active_date is null or first_active_date > score_date then 'never_active'
            when event_count = 0 then 'silent'
            else 'active'
        end as activity_status
    from windows
)

select
    *,
    -- The row of the churn day says so, and keeps the score that the customer had earned.
    case when score_date = churned_date then 'churned' else activity_status end as status,
    activity_status in ('active', 'silent') as is_scored
from classified
