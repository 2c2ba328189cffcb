-- One row per customer and day: what a day adds to the windows that begin to hold it.
{{ config(materialized='view') }}
{#
  Customers are numbers from here to the published table: a text carried through every join costs more than all sums together.
#}
with ledger as (
    select * from {{ ref('int_activity_daily') }}
),

weights as (
    select * from {{ ref('int_activity_dates') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

days as (
    select * from {{ ref('int_score_days') }}
),

decay as (
    select * from {{ ref('int_decay_steps') }}
)

-- With a half-life a line changes its worth with each day of its age: it comes again on each, for that day alone.
select
    customers.customer_number,
    {{ add_days('ledger.activity_date', 'decay.age_from') }} as activity_day,
    cast(sum({{ line_points('weights.weight', 'ledger.event_count', 'decay.factor') }}) as decimal(18, 6)) as points,
    cast(sum(case when decay.age_from = 0 then ledger.event_count else 0 end) as integer) as event_count
from ledger
inner join weights
    on ledger.activity_date = weights.activity_date
    and ledger.event_type = weights.event_type
inner join customers on ledger.customer_id = customers.customer_id
cross join decay
inner join days on ledger.activity_date = days.day
group by customers.customer_number, activity_day
