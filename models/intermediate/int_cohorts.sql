-- One row per customer first seen since the month in which the data begin and segment dimension: its cohort, and its
-- segment on the first day.
with customers as (
    select * from {{ ref('int_customers') }}
),

history as (
    select * from {{ ref('int_segment_history') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
)

-- When older customers began is known from the list alone, and what they did then is not known at all.
select
    customers.customer_id,
    history.segment_dimension,
    history.segment_value,
    {{ month_start('customers.first_seen_date') }} as cohort_month
from customers
inner join as_of
    on customers.first_seen_date >= {{ month_start('as_of.first_date') }}
    -- A today before the data has no months.
    and as_of.first_date <= as_of.as_of_date
inner join history
    on customers.customer_id = history.customer_id
    and {{ holds_on('history', 'customers.first_seen_date') }}
