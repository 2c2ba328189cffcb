-- One row per customer that is active on the scale date: its points, from which the population's scale is taken.
{%- set window_days = score_window_days() %}
with ledger as (
    select * from {{ ref('int_activity_daily') }}
),

weights as (
    select * from {{ ref('int_activity_dates') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

decay as (
    select * from {{ ref('int_decay_steps') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
)

select
    ledger.customer_id,
    cast(sum({{ line_points('weights.weight', 'ledger.event_count', 'decay.factor') }}) as decimal(18, 6)) as points
from ledger
inner join weights
    on ledger.activity_date = weights.activity_date
    and ledger.event_type = weights.event_type
inner join customers on ledger.customer_id = customers.customer_id
cross join as_of
inner join decay
    on {{ days_between('ledger.activity_date', 'as_of.scale_date') }} >= decay.age_from
    and {{ days_between('ledger.activity_date', 'as_of.scale_date') }} <= decay.age_to
where
    ledger.activity_date > (select {{ add_days('min(dates.scale_date)', -window_days) }} from as_of as dates)
    and {{ days_between('customers.observed_from', 'as_of.scale_date') }} + 1 >= {{ window_days }}
    and (customers.churned_date is null or customers.churned_date > as_of.scale_date)
group by ledger.customer_id
