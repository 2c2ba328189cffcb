-- Each signal that holds today is the last run of its history, and each run that reaches today is a signal that holds.
with held as (
    select * from {{ ref('customer_signals') }}
),

runs as (
    select * from {{ ref('signal_history') }}
    where is_current
)

select
    coalesce(held.customer_id, runs.customer_id) as customer_id,
    coalesce(held.signal, runs.signal) as signal,
    held.since_date,
    runs.from_date,
    runs.to_date,
    held.strength,
    runs.peak_strength
from held
full outer join runs
    on held.customer_id = runs.customer_id
    and held.signal = runs.signal
where
    held.customer_id is null
    or runs.customer_id is null
    or held.since_date <> runs.from_date
    or held.as_of_date <> runs.to_date
    or held.is_held_out <> runs.is_held_out
    or held.strength > runs.peak_strength
    or (held.since_date = held.as_of_date and (held.strength <> runs.peak_strength or held.rule <> runs.first_rule))
