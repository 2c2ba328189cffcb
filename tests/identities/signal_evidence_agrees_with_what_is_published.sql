-- What a signal rests on is what the other tables say of the customer today.
with held as (
    select * from {{ ref('customer_signals') }}
),

scores as (
    select * from {{ ref('fct_engagement_scores') }}
    where score_date = as_of_date
),

receipts as (
    select
        customer_id,
        count(distinct case when weight > 0 then event_type end) as feature_breadth,
        sum(case
            when event_type in (select channels.event_type from {{ ref('contact_channels') }} as channels)
                then event_count
        end) as support_contacts,
        sum(case
            when
                event_type in (
                    select types.event_type from {{ ref('event_types') }} as types
                    where types.role = 'purchase'
                )
                then event_count
        end) as purchases
    from {{ ref('fct_engagement_contributions') }}
    where score_date = as_of_date
    group by customer_id
),

last_seen as (
    select
        customer_id,
        max(activity_date) as last_activity_date
    from {{ ref('fct_activity_daily') }}
    group by customer_id
)

select held.*
from held
left join scores on held.customer_id = scores.customer_id
left join {{ ref('dim_customers') }} as customers on held.customer_id = customers.customer_id
left join receipts on held.customer_id = receipts.customer_id
left join last_seen on held.customer_id = last_seen.customer_id
where
    scores.customer_id is null
    or customers.lifecycle_stage <> held.lifecycle_stage
    {%- for column in [
        'engagement_score', 'score_change', 'baseline_ratio', 'engagement_percentile', 'event_count', 'active_days',
        'active_users'
    ] %}
    or held.{{ column }} is distinct from scores.{{ column }}
    {%- endfor %}
    {%- for column in ['feature_breadth', 'support_contacts', 'purchases'] %}
    or held.{{ column }} <> coalesce(receipts.{{ column }}, 0)
    {%- endfor %}
    or held.days_since_last_event is distinct from {{ days_between('last_seen.last_activity_date', 'held.as_of_date') }}
    or (held.lifecycle_stage = 'trial') <> (held.trial_days is not null)
    or held.trial_days
    <> {{ days_between(reporting_date('customers.trial_started_at'), 'held.as_of_date') }}
