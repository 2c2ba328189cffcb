-- One row per customer and score date: the score, and what stands beside it.
{%- set window_days = score_window_days() %}
with windows as (
    select * from {{ ref('int_engagement_status') }}
),

scale_lines as (
    select * from {{ ref('int_scale_lines') }}
),

scored as (
    select
        windows.*,
        case
            -- Silence scores 1 on any scale.
            when windows.is_scored and windows.event_count = 0 then 1.0
            when windows.is_scored
                then {{ interpolate(
                    'windows.points', 'scale_lines.from_points', 'scale_lines.to_points', 'scale_lines.from_score',
                    'scale_lines.to_score'
                ) }}
        end as engagement_score,
        -- Points are ranked, not scores: clamped scores would tie.
        case
            when windows.is_scored
                then 100.0 * percent_rank() over (
                    partition by windows.score_date, windows.is_scored order by windows.points
                )
        end as engagement_percentile
    from windows
    left join scale_lines
        on windows.is_scored
        and (scale_lines.from_points is null or windows.points >= scale_lines.from_points)
        and (scale_lines.to_points is null or windows.points < scale_lines.to_points)
),

-- Rows are dense, so that one window earlier is so many rows earlier.
compared as (
    select
        *,
        lag(engagement_score, {{ window_days }}) over history as previous_score,
        lag(is_full_window, {{ 4 * window_days }}) over history as has_baseline,
        {% for windows_ago in range(1, 5) -%}
        lag(points, {{ windows_ago * window_days }}) over history{{ ' + ' if not loop.last }}
        {%- endfor %} as four_windows_points
    from scored
    window history as (partition by customer_id order by score_date)
)

select
    customer_id,
    score_date,
    status,
    event_count,
    active_days,
    active_users,
    points,
    engagement_score,
    engagement_percentile,
    case
        when has_baseline and four_windows_points <> 0
            then cast(4 * points as double precision) / cast(four_windows_points as double precision)
    end as baseline_ratio,
    previous_score
from compared
