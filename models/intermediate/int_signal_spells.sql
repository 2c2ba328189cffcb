-- One row per customer, signal and unbroken run of list dates on which the signal held.
with held as (
    select * from {{ ref('int_held_signals') }}
),

list_dates as (
    select * from {{ ref('int_list_dates') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

outcomes as (
    select * from {{ ref('signal_outcomes') }}
),

-- Dates that follow each other have numbers that rise with their order: the difference tells one run from the next.
runs as (
    select
        held.*,
        list_dates.list_number
        - row_number() over (partition by held.customer_id, held.signal order by held.list_date) as run
    from held
    inner join list_dates on held.list_date = list_dates.list_date
),

spells as (
    select
        customer_id,
        signal,
        min(list_date) as from_date,
        max(list_date) as to_date,
        max(strength) as peak_strength
    from runs
    group by customer_id, signal, run
)

select
    spells.customer_id,
    spells.signal,
    spells.from_date,
    spells.to_date,
    spells.to_date = customers.as_of_date as is_current,
    spells.peak_strength,
    first_held.rule as first_rule,
    -- Nobody was judged before the oldest list date, nor this customer before it was observed.
    list_dates.previous_list_date is null as is_from_oldest_list,
    coalesce(list_dates.previous_list_date < customers.observed_from, true) as is_since_first_list,
    {{ is_held_out('spells.customer_id', 'spells.signal', 'outcomes.holdout_share') }} as is_held_out
from spells
inner join list_dates on spells.from_date = list_dates.list_date
inner join customers on spells.customer_id = customers.customer_id
inner join held as first_held
    on spells.customer_id = first_held.customer_id
    and spells.signal = first_held.signal
    and spells.from_date = first_held.list_date
-- Left join: a signal of a company's own may have no outcome, and is never held out.
left join outcomes on spells.signal = outcomes.signal
