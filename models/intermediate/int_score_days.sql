-- One row per day that a window of a score date holds which is made anew, and whether it is such a date itself.
with stale_dates as (
    select * from {{ ref('int_score_dates') }}
    where is_stale
),

days as (
    select cast(series.day as date) as day
    from {{ date_series(
        '(select ' ~ add_days('min(score_date)', 1 - score_window_days()) ~ ' from stale_dates)',
        '(select max(score_date) from stale_dates)'
    ) }} as series
)

select
    days.day,
    min(stale_dates.score_date) = days.day as is_score_date
from days
inner join stale_dates
    on days.day <= stale_dates.score_date
    and stale_dates.score_date < {{ add_days('days.day', score_window_days()) }}
group by days.day
