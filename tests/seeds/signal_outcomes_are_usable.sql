-- An outcome that cannot be read would pass for one that never happens.
{#- The second list date, on which the first spell can begin, lies at least so many days back. #}
{%- set most_days = listed_days() - 14 %}
with outcomes as (
    select
        outcomes.*,
        count(*) over (partition by outcomes.signal) as copies,
        outcomes.signal in (select rules.signal from {{ ref('signal_rules') }} as rules) as has_rules
    from {{ ref('signal_outcomes') }} as outcomes
),

judged as (
    select
        *,
        case
            when signal is null or not has_rules then 'signal_rules.csv has no such signal: look for a misspelt name.'
            when copies > 1 then 'it must stand there once.'
            when outcome is null or outcome not in ('{{ signal_outcomes() | join("', '") }}')
                then 'the outcome must be {{ signal_outcomes() | join(", ") }}.'
            when within_days is null or within_days not between 1 and {{ most_days }}
                then 'within_days must be a number from 1 to {{ most_days }}: lists reach back no further.'
            when holdout_share is null or holdout_share not between 0 and 1
                then 'the holdout_share must be a number from 0 to 1.'
        end as fault
    from outcomes
)

select 'signal_outcomes.csv: signal ' || coalesce(signal, '(no name)') || ': ' || fault as problem
from judged
where fault is not null
