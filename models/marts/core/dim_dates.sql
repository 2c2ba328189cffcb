-- One row per day from the first day of the data to the as-of date.
with as_of as (
    select * from {{ ref('int_as_of') }}
),

days as (
    select cast(series.day as date) as calendar_date
    from {{ date_series('(select first_date from as_of)', '(select as_of_date from as_of)') }} as series
)

select
    calendar_date,
    {{ build_columns() }}
from days
