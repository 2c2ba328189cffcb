-- A condition that cannot be read would never hold, or always: the list would be empty, or everybody.
with conditions as (
    select
        *,
        count(*) over (partition by signal, rule, measure, comparison) as copies,
        min(coalesce(lifecycle_stage, '')) over (partition by signal, rule) as first_stage,
        max(coalesce(lifecycle_stage, '')) over (partition by signal, rule) as last_stage
    from {{ ref('signal_rules') }}
),

judged as (
    select
        *,
        case
            when signal is null or rule is null then 'signal and rule must have a name.'
            when measure is null or measure not in ('{{ signal_measures() | join("', '") }}')
                then 'the measure must be one of {{ signal_measures() | join(", ") }}.'
            when comparison is null or comparison not in ('{{ signal_comparisons() | join("', '") }}')
                then 'the comparison must be {{ signal_comparisons() | join(" or ") }}.'
            when lifecycle_stage not in ('{{ lifecycle_stages() | join("', '") }}')
                then 'the lifecycle stage must be {{ lifecycle_stages() | join(", ") }}, or empty for any but churned.'
            when threshold is null then 'it needs a threshold.'
            when (comparison = 'at_least' and full_at < threshold) or (comparison = 'at_most' and full_at > threshold)
                then 'full_at must lie where the measure is stronger than at the threshold, or be empty.'
            when copies > 1 then 'a rule can hold a measure against one threshold of a kind.'
            when first_stage <> last_stage then 'all conditions of a rule must name the same lifecycle stage.'
        end as fault
    from conditions
)

select
    'signal_rules.csv: signal ' || coalesce(signal, '(no name)') || ', rule ' || coalesce(rule, '(no name)')
    || ', measure ' || coalesce(measure, '(none)') || ': ' || fault as problem
from judged
where fault is not null
