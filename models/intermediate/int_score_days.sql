-- One row per run of consecutive score dates that are made anew and day that a window of the run holds.
with stale_dates as (
    select
        score_date,
        {{ add_days('score_date', '-cast(row_number() over (order by score_date) as integer)') }} as first_of_run
    from {{ ref('int_score_dates') }}
    where is_stale
),

runs as (
    select
        cast(row_number() over (order by first_of_run) as integer) as run,
        min(score_date) as first_score_date,
        max(score_date) as last_score_date
    from stale_dates
    group by first_of_run
),

days as (
    select cast(series.day as date) as day
    from {{ date_series(
        '(select ' ~ add_days('min(first_score_date)', 1 - score_window_days()) ~ ' from runs)',
        '(select max(last_score_date) from runs)'
    ) }} as series
)

select
    runs.run,
    days.day,
    days.day >= runs.first_score_date as is_score_date
from runs
inner join days
    on runs.first_score_date < {{ add_days('days.day', score_window_days()) }}
    and runs.last_score_date >= days.day
