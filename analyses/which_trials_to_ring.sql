-- One row per trial that is ready to be asked: the strongest first, with what it has done, and what trials like it did
-- before.
with trials as (
    select * from {{ ref('customer_signals') }}
    where signal = 'trial_conversion' and not is_held_out
),

results as (
    select * from {{ ref('signal_results') }}
    where signal = 'trial_conversion' and listed_group = 'listed'
)

select
    trials.customer_id,
    customers.industry,
    customers.region,
    trials.strength,
    trials.rule,
    trials.rules_held,
    trials.since_date,
    trials.trial_days,
    trials.active_days,
    trials.active_users,
    trials.feature_breadth,
    trials.last_csat,
    results.outcome_rate as subscribed_before,
    results.rate_low as subscribed_before_low,
    results.rate_high as subscribed_before_high
from trials
inner join {{ ref('customer_scores') }} as customers on trials.customer_id = customers.customer_id
left join results on trials.signal = results.signal
order by trials.strength desc, trials.trial_days asc, trials.customer_id asc
