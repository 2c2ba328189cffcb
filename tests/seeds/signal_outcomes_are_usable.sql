-- An outcome that cannot be read would pass for one that never happens.
{#- The second list date, on which the first spell can begin, lies at least so many days back. #}
{%- set most_days = listed_days() - 14 %}
with outcomes as (
    select
        outcomes.*,
        count(*) over (partition by outcomes.signal) as copies,
        {{ is_one_of('outcomes.outcome', signal_outcomes()) }} as is_outcome,
        outcomes.signal in (select rules.signal from {{ ref('signal_rules') }} as rules) as has_rules
    from {{ ref('signal_outcomes') }} as outcomes
),

judged as (
    select
        *,
        case
            when signal is null or not has_rules then 'signal_rules.csv has no such signal: look for a misspelt name.'
            when copies > 1 then 'it must stand there once.'
            when not is_outcome then 'the outcome is not known: docs/metrics.md has their names.'
            when coalesce(within_days, 0) not between 1 and {{ most_days }}
                then 'within_days must be a number from 1 to {{ most_days }}: lists reach back no further.'
            when coalesce(holdout_share, -1) not between 0 and 1
                then 'the holdout_share must be a number from 0 to 1.'
        end as fault
    from outcomes
)

select 'signal_outcomes.csv: signal ' || coalesce(signal, '(no name)') || ': ' || fault as problem
from judged
where fault is not null
