-- One row per signal and group, listed or held out: how often that followed which the signal announces.
with outcomes as (
    select * from {{ ref('signal_outcomes') }}
),

spells as (
    select * from {{ ref('int_spell_outcomes') }}
),

groups as (
    select
        'listed' as listed_group,
        false as is_held_out
    union all
    select
        'held_out' as listed_group,
        true as is_held_out
),

-- Both groups stand there for each signal: that nobody was held out is a result too.
counts as (
    select
        outcomes.signal,
        groups.listed_group,
        outcomes.outcome,
        outcomes.within_days,
        cast(count(spells.customer_id) as bigint) as spells,
        cast(count(case when spells.has_happened then 1 end) as bigint) as happened
    from outcomes
    cross join groups
    left join spells
        on outcomes.signal = spells.signal
        and groups.is_held_out = spells.is_held_out
    group by outcomes.signal, groups.listed_group, outcomes.outcome, outcomes.within_days
),

-- The difference is of the listed from those who were left alone, and stands with the listed.
paired as (
    select
        counts.*,
        held_out.spells as other_spells,
        held_out.happened as other_happened
    from counts
    left join counts as held_out
        on counts.signal = held_out.signal
        and counts.listed_group = 'listed'
        and held_out.listed_group = 'held_out'
)

select
    signal,
    listed_group,
    outcome,
    within_days,
    spells,
    happened,
    {{ ratio('happened', 'spells') }} as outcome_rate,
    {{ wilson_bound('happened', 'spells', '-') }} as rate_low,
    {{ wilson_bound('happened', 'spells', '+') }} as rate_high,
    {{ ratio('happened', 'spells') }} - {{ ratio('other_happened', 'other_spells') }} as difference,
    {{ newcombe_bound('happened', 'spells', 'other_happened', 'other_spells', '-') }} as difference_low,
    {{ newcombe_bound('happened', 'spells', 'other_happened', 'other_spells', '+') }} as difference_high,
    {{ build_columns() }}
from paired
