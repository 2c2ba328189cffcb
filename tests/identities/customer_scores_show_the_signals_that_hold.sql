-- The wide table has a strength just where the signal holds, and the same one.
with shown as (
    {%- for signal in published_signals() %}
    select
        customer_id,
        '{{ signal }}' as signal,
        {{ signal }}_strength as strength,
        {{ 'churn_risk_since' if signal == 'churn_risk' else 'cast(null as date)' }} as since_date
    from {{ ref('customer_scores') }}
    where {{ signal }}_strength is not null {{ 'or churn_risk_since is not null' if signal == 'churn_risk' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

held as (
    select * from {{ ref('customer_signals') }}
    where {{ is_one_of('signal', published_signals()) }}
)

select
    coalesce(shown.customer_id, held.customer_id) as customer_id,
    coalesce(shown.signal, held.signal) as signal,
    shown.strength as shown_strength,
    held.strength
from shown
full outer join held
    on shown.customer_id = held.customer_id
    and shown.signal = held.signal
where
    shown.customer_id is null
    or held.customer_id is null
    or shown.strength is distinct from held.strength
    or (held.signal = 'churn_risk' and shown.since_date is distinct from held.since_date)
