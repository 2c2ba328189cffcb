-- Each run whose time is up is counted, once, with what became of it; what the customer list tells is told again here.
with history as (
    select
        history.*,
        outcomes.outcome,
        case
            when customers.lifecycle_stage = 'churned' then {{ reporting_date('customers.churned_at') }}
        end as churned_date,
        {{ reporting_date('customers.subscribed_at') }} as subscribed_date,
        {{ add_days('history.from_date', 'outcomes.within_days') }} as due_date
    from {{ ref('signal_history') }} as history
    inner join {{ ref('signal_outcomes') }} as outcomes on history.signal = outcomes.signal
    inner join {{ ref('dim_customers') }} as customers on history.customer_id = customers.customer_id
    where history.from_date > (select min(list_dates.list_date) from {{ ref('int_list_dates') }} as list_dates)
),

counts as (
    select
        signal,
        case when is_held_out then 'held_out' else 'listed' end as listed_group,
        count(*) as spells,
        count(case
            when outcome = 'churned' and churned_date > from_date and churned_date <= due_date then 1
            when outcome = 'subscribed' and subscribed_date > from_date and subscribed_date <= due_date then 1
        end) as happened
    from history
    where due_date <= as_of_date
    group by signal, case when is_held_out then 'held_out' else 'listed' end
)

select
    results.signal,
    results.listed_group,
    results.spells,
    counts.spells as spells_of_history,
    results.happened,
    counts.happened as happened_by_customers
from {{ ref('signal_results') }} as results
full outer join counts
    on results.signal = counts.signal
    and results.listed_group = counts.listed_group
where
    results.signal is null
    or results.spells <> coalesce(counts.spells, 0)
    or (results.outcome in ('churned', 'subscribed') and results.happened <> coalesce(counts.happened, 0))
    or results.happened > results.spells
    or (results.spells = 0) <> (results.outcome_rate is null)
    or results.outcome_rate not between results.rate_low and results.rate_high
    or results.difference not between results.difference_low and results.difference_high
    or (results.listed_group = 'held_out' and results.difference is not null)
