-- One row per visitor and month with an event while the customer was observed: days with an event of that visitor.
with visits as (
    select * from {{ ref('int_visits') }}
),

customers as (
    select * from {{ ref('int_customers') }}
)

select
    visits.customer_id,
    visits.user_id,
    {{ month_start('visits.activity_date') }} as period_start,
    cast({{ count_distinct('visits.activity_date') }} as bigint) as active_days
from visits
inner join customers
    on visits.customer_id = customers.customer_id
    and visits.activity_date <= coalesce(customers.churned_date, customers.as_of_date)
group by visits.customer_id, visits.user_id, period_start
