-- One row per list date, a day on which signals are judged: today, and the Sundays of the last 26 weeks.
with as_of as (
    select * from {{ ref('int_as_of') }}
),

days as (
    select series.day
    from {{ date_series(
        '(select ' ~ add_days('as_of.as_of_date', 1 - listed_days()) ~ ' from as_of)',
        '(select as_of.as_of_date from as_of)'
    ) }} as series
)

select
    days.day as list_date,
    lag(days.day) over (order by days.day) as previous_list_date,
    cast(row_number() over (order by days.day) as integer) as list_number
from days
cross join as_of
where
    ({{ is_sunday('days.day') }} or days.day = as_of.as_of_date)
    -- Before the first event nobody has a score, and nothing can be judged.
    and days.day >= as_of.first_activity_date
