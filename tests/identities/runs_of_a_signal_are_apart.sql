-- Runs lie on list dates, and between two of the same customer and signal lies a list date on which it did not hold.
with list_dates as (
    select * from {{ ref('int_list_dates') }}
),

runs as (
    select
        history.*,
        first_dates.list_number as first_number,
        last_dates.list_number as last_number,
        lag(last_dates.list_number) over (
            partition by history.customer_id, history.signal order by history.from_date
        ) as previous_number
    from {{ ref('signal_history') }} as history
    left join list_dates as first_dates on history.from_date = first_dates.list_date
    left join list_dates as last_dates on history.to_date = last_dates.list_date
)

select *
from runs
where
    first_number is null
    or last_number is null
    or first_number > last_number
    or first_number <= previous_number + 1
    or is_current <> (to_date = as_of_date)
    or peak_strength not between 0 and 100
