-- One row per customer and signal that holds today: how strongly, by which rule, since when, and the evidence.
with held as (
    select * from {{ ref('int_held_signals') }}
),

spells as (
    select * from {{ ref('int_signal_spells') }}
    where is_current
),

measures as (
    select * from {{ ref('int_signal_measures') }}
)

select
    held.customer_id,
    held.signal,
    held.strength,
    held.rule,
    held.rules_held,
    spells.from_date as since_date,
    spells.is_since_first_list,
    spells.is_held_out,
    measures.lifecycle_stage,
    {%- for measure in signal_measures() %}
    measures.{{ measure }},
    {%- endfor %}
    {{ build_columns() }}
from held
inner join spells
    on held.customer_id = spells.customer_id
    and held.signal = spells.signal
    and held.list_date = spells.to_date
inner join measures
    on held.customer_id = measures.customer_id
    and held.list_date = measures.list_date
