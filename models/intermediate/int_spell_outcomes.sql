-- One row per spell of a signal whose outcome is known by today: whether it happened.
with outcomes as (
    select * from {{ ref('signal_outcomes') }}
),

customers as (
    select
        customer_id,
        churned_date,
        {{ reporting_date('subscribed_at') }} as subscribed_date,
        as_of_date
    from {{ ref('int_customers') }}
),

-- A spell of the oldest list date began nobody knows when, and what it announced may be over.
spells as (
    select
        spells.customer_id,
        spells.signal,
        spells.from_date,
        spells.is_held_out,
        outcomes.outcome,
        customers.churned_date,
        customers.subscribed_date,
        {{ add_days('spells.from_date', 'outcomes.within_days') }} as due_date
    from {{ ref('int_signal_spells') }} as spells
    inner join outcomes on spells.signal = outcomes.signal
    inner join customers on spells.customer_id = customers.customer_id
    where
        not spells.is_from_oldest_list
        -- Before the list was acted on nobody was left alone, whatever the share says of them.
        and spells.from_date >= coalesce(outcomes.acted_on_from, spells.from_date)
        and {{ add_days('spells.from_date', 'outcomes.within_days') }} <= customers.as_of_date
),

purchases as (
    select distinct
        spells.customer_id,
        spells.signal,
        spells.from_date
    from spells
    inner join {{ ref('int_transactions') }} as transactions
        on spells.customer_id = transactions.customer_id
        and spells.from_date < transactions.activity_date
        and spells.due_date >= transactions.activity_date
    where spells.outcome = 'purchased' and transactions.purchases > 0
),

risen as (
    select
        spells.customer_id,
        spells.signal,
        spells.from_date
    from spells
    inner join {{ ref('int_engagement_scores') }} as scores
        on spells.customer_id = scores.customer_id
        and spells.from_date = scores.score_date
    inner join {{ ref('int_engagement_scores') }} as later
        on spells.customer_id = later.customer_id
        and spells.due_date = later.score_date
        and scores.engagement_score < later.engagement_score
    where spells.outcome = 'engagement_rose'
)

select
    spells.customer_id,
    spells.signal,
    spells.from_date,
    spells.is_held_out,
    coalesce(case spells.outcome
        when 'churned' then spells.churned_date > spells.from_date and spells.churned_date <= spells.due_date
        when 'subscribed' then spells.subscribed_date > spells.from_date and spells.subscribed_date <= spells.due_date
        when 'purchased' then purchases.customer_id is not null
        -- Who has left has no score to rise.
        when 'engagement_rose' then risen.customer_id is not null
    end, false) as has_happened
from spells
left join purchases
    on spells.customer_id = purchases.customer_id
    and spells.signal = purchases.signal
    and spells.from_date = purchases.from_date
left join risen
    on spells.customer_id = risen.customer_id
    and spells.signal = risen.signal
    and spells.from_date = risen.from_date
