-- One row per customer at risk of leaving: whom to call first, which rule says so, and on what it rests.
-- Who is held out is left alone: what a call is worth is seen by what becomes of them (signal_results).
with signals as (
    select * from {{ ref('customer_signals') }}
),

at_risk as (
    select * from signals
    where signal = 'churn_risk' and not is_held_out
),

-- A call for one reason is a chance to speak of another.
others as (
    select
        customer_id,
        count(*) as other_signals,
        max(case when signal = 'training_need' then 1 else 0 end) = 1 as needs_training
    from signals
    where signal <> 'churn_risk' and not is_held_out
    group by customer_id
)

select
    at_risk.customer_id,
    customers.plan,
    at_risk.strength,
    at_risk.rule,
    at_risk.since_date,
    -- Those of before are still at risk, but somebody has had a week to call.
    at_risk.since_date > {{ add_days('at_risk.as_of_date', -7) }} as is_new_this_week,
    at_risk.engagement_score,
    at_risk.score_change,
    at_risk.baseline_ratio,
    at_risk.days_since_last_event,
    at_risk.last_nps,
    at_risk.last_csat,
    customers.nps_last_answered_at,
    coalesce(others.other_signals, 0) as other_signals,
    coalesce(others.needs_training, false) as needs_training
from at_risk
inner join {{ ref('customer_scores') }} as customers on at_risk.customer_id = customers.customer_id
left join others on at_risk.customer_id = others.customer_id
order by is_new_this_week desc, at_risk.strength desc, at_risk.customer_id asc
