-- By another route, condition by condition: today's list has each signal of which a rule holds, as strong as it says,
-- and no other.
with measured as (
    {%- for measure in signal_measures() %}
    select
        customer_id,
        lifecycle_stage,
        '{{ measure }}' as measure,
        {{ judged_value(measure) }} as value
    from {{ ref('int_signal_measures') }}
    where list_date = (select as_of.as_of_date from {{ ref('int_as_of') }} as as_of)
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

conditions as (
    select
        *,
        count(*) over (partition by signal, rule) as conditions
    from {{ ref('signal_rules') }}
),

met as (
    select
        measured.customer_id,
        conditions.signal,
        conditions.rule,
        conditions.conditions,
        coalesce(
            100.0 * cast(measured.value - conditions.threshold as {{ type_double() }})
            / nullif(cast(conditions.full_at - conditions.threshold as {{ type_double() }}), 0),
            100.0
        ) as strength
    from measured
    inner join conditions
        on measured.measure = conditions.measure
        and coalesce(conditions.lifecycle_stage, measured.lifecycle_stage) = measured.lifecycle_stage
    where
        (conditions.lifecycle_stage is not null or measured.lifecycle_stage <> 'churned')
        and case
            when conditions.comparison = 'at_least' then measured.value >= conditions.threshold
            else measured.value <= conditions.threshold
        end
),

rules as (
    select
        customer_id,
        signal,
        rule,
        least(100.0, min(strength)) as strength
    from met
    group by customer_id, signal, rule, conditions
    having count(*) = conditions
),

expected as (
    select
        customer_id,
        signal,
        count(*) as rules_held,
        max(strength) as strength
    from rules
    group by customer_id, signal
)

select
    coalesce(expected.customer_id, held.customer_id) as customer_id,
    coalesce(expected.signal, held.signal) as signal,
    expected.strength as expected_strength,
    held.strength,
    expected.rules_held as expected_rules_held,
    held.rules_held,
    held.rule
from expected
full outer join {{ ref('customer_signals') }} as held
    on expected.customer_id = held.customer_id
    and expected.signal = held.signal
left join rules
    on held.customer_id = rules.customer_id
    and held.signal = rules.signal
    and held.rule = rules.rule
where
    expected.customer_id is null
    or held.customer_id is null
    or expected.rules_held <> held.rules_held
    or abs(expected.strength - held.strength) > 0.000001
    or abs(coalesce(rules.strength, -1) - held.strength) > 0.000001
    or held.strength not between 0 and 100
