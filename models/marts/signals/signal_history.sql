-- One row per customer, signal and unbroken run of list dates on which the signal held.
with spells as (
    select * from {{ ref('int_signal_spells') }}
)

select
    customer_id,
    signal,
    from_date,
    to_date,
    is_current,
    peak_strength,
    first_rule,
    is_held_out,
    {{ build_columns() }}
from spells
