-- A condition that cannot be read would never hold, or always: the list would be empty, or everybody.
with conditions as (
    select
        *,
        {{ is_one_of('measure', signal_measures()) }} as is_measure,
        {{ is_one_of('comparison', signal_comparisons()) }} as is_comparison,
        lifecycle_stage is null or {{ is_one_of('lifecycle_stage', lifecycle_stages()) }} as is_stage,
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
            when not is_measure then 'the measure is not known: docs/metrics.md, section Signals, has their names.'
            when not is_comparison then 'the comparison must be at_least or at_most.'
            when not is_stage then 'the lifecycle stage must be trial, subscribed, churned, unknown or empty.'
            when threshold is null then 'it needs a threshold.'
            when comparison = 'at_least' and full_at < threshold then 'full_at must not lie below the threshold.'
            when comparison = 'at_most' and full_at > threshold then 'full_at must not lie above the threshold.'
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
