-- One row per horizon and period back: a day in the past, and the day by which what it foretold had come or not.
with as_of as (
    select * from {{ ref('int_as_of') }}
),

horizons as (
    select 30 as horizon_days
    union all
    select 60 as horizon_days
    union all
    select 90 as horizon_days
),

-- The outcomes of one period lie before the next begins: 1 judges what 2 has taught, and 3 how far 2 is to be believed.
periods as (
    select 1 as periods_back
    union all
    select 2 as periods_back
    union all
    select 3 as periods_back
)

select
    horizons.horizon_days,
    periods.periods_back,
    {{ add_days('as_of.as_of_date', '(-horizons.horizon_days * periods.periods_back)') }} as cutoff_date,
    {{ add_days('as_of.as_of_date', '(-horizons.horizon_days * (periods.periods_back - 1))') }} as outcome_date
from as_of
cross join horizons
cross join periods
