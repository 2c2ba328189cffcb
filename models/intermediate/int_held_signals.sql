-- One row per customer, list date and signal that holds: how strongly, and by which rule.
{%- set comparisons = signal_comparisons() %}
with measures as (
    select
        customer_id,
        list_date,
        {%- for measure in signal_measures() %}
        {{ judged_value(measure) }} as {{ measure }},
        {%- endfor %}
        lifecycle_stage
    from {{ ref('int_signal_measures') }}
),

-- A rule as one row with a column per condition that it may have: each customer is judged in one pass, and only what
-- holds is written down.
rules as (
    select
        signal,
        rule,
        {%- for measure in signal_measures() %}
        {%- for comparison in comparisons %}
        max(case when measure = '{{ measure }}' and comparison = '{{ comparison }}' then threshold end)
            as {{ measure }}_{{ comparison }},
        max(case when measure = '{{ measure }}' and comparison = '{{ comparison }}' then full_at end)
            as {{ measure }}_{{ comparison }}_full,
        {%- endfor %}
        {%- endfor %}
        lifecycle_stage
    from {{ ref('signal_rules') }}
    group by signal, rule, lifecycle_stage
),

held as (
    select
        measures.customer_id,
        measures.list_date,
        rules.signal,
        rules.rule,
        least(
            {%- for measure in signal_measures() %}
            {%- for comparison in comparisons %}
            {%- set bound = 'rules.' ~ measure ~ '_' ~ comparison %}
            case
                when {{ bound }} is null then cast(100 as decimal(9, 6))
                else {{ condition_strength('measures.' ~ measure, bound, bound ~ '_full') }}
            end,
            {%- endfor %}
            {%- endfor %}
            cast(100 as decimal(9, 6))
        ) as strength
    from measures
    inner join rules
        on (
            measures.lifecycle_stage = rules.lifecycle_stage
            or (rules.lifecycle_stage is null and measures.lifecycle_stage <> 'churned')
        )
        {%- for measure in signal_measures() %}
        {%- for comparison, operator in comparisons.items() %}
        {%- set bound = 'rules.' ~ measure ~ '_' ~ comparison %}
        and ({{ bound }} is null or measures.{{ measure }} {{ operator }} {{ bound }})
        {%- endfor %}
        {%- endfor %}
),

ranked as (
    select
        *,
        count(*) over (partition by customer_id, list_date, signal) as rules_held,
        row_number() over (partition by customer_id, list_date, signal order by strength desc, rule asc) as rule_rank
    from held
)

select
    customer_id,
    list_date,
    signal,
    strength,
    rule,
    cast(rules_held as integer) as rules_held
from ranked
where rule_rank = 1
