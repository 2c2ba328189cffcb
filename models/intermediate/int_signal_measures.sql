-- One row per customer and list date on which it has a score row: all that a rule can judge it by, as of that date.
with list_dates as (
    select * from {{ ref('int_list_dates') }}
),

customers as (
    select
        customer_id,
        customer_number,
        churned_date,
        {{ reporting_date('subscribed_at') }} as subscribed_date,
        {{ reporting_date('trial_started_at') }} as trial_date
    from {{ ref('int_customers') }}
),

scored as (
    select
        scores.*,
        customers.customer_number,
        customers.trial_date,
        {{ lifecycle_stage(
            'scores.score_date', 'customers.subscribed_date', 'customers.trial_date', 'customers.churned_date'
        ) }} as lifecycle_stage
    from {{ ref('int_engagement_scores') }} as scores
    inner join list_dates on scores.score_date = list_dates.list_date
    inner join customers on scores.customer_id = customers.customer_id
),

earlier as (
    select
        customers.customer_number,
        list_dates.list_date,
        scores.active_users
    from {{ ref('int_engagement_scores') }} as scores
    inner join list_dates on scores.score_date = {{ add_days('list_dates.list_date', -score_window_days()) }}
    inner join customers on scores.customer_id = customers.customer_id
),

last_seen as (
    select
        customer_number,
        first_list_date,
        max(last_activity_date) as last_activity_date
    from {{ ref('int_list_spans') }}
    group by customer_number, first_list_date
)

select
    scored.customer_id,
    scored.score_date as list_date,
    scored.lifecycle_stage,
    scored.engagement_score,
    cast(scored.engagement_score - scored.previous_score as decimal(9, 6)) as score_change,
    scored.baseline_ratio,
    scored.engagement_percentile,
    scored.event_count,
    scored.active_days,
    scored.active_users,
    scored.active_users - earlier.active_users as active_users_change,
    -- An event belongs to the first list date that it comes before; until the next one the customer is silent.
    cast({{ days_between(
        'max(last_seen.last_activity_date) over (partition by scored.customer_number order by scored.score_date)',
        'scored.score_date'
    ) }} as bigint) as days_since_last_event,
    coalesce(counts.feature_breadth, 0) as feature_breadth,
    coalesce(counts.support_contacts, 0) as support_contacts,
    {{ ratio('coalesce(counts.support_contacts, 0)', 'scored.event_count') }} as support_share,
    coalesce(counts.purchases, 0) as purchases,
    answers.last_nps,
    answers.last_csat,
    answers.last_effort,
    case
        when scored.lifecycle_stage = 'trial'
            then cast({{ days_between('scored.trial_date', 'scored.score_date') }} as bigint)
    end as trial_days
from scored
left join earlier
    on scored.customer_number = earlier.customer_number
    and scored.score_date = earlier.list_date
left join last_seen
    on scored.customer_number = last_seen.customer_number
    and scored.score_date = last_seen.first_list_date
left join {{ ref('int_list_counts') }} as counts
    on scored.customer_number = counts.customer_number
    and scored.score_date = counts.list_date
left join {{ ref('int_list_answers') }} as answers
    on scored.customer_number = answers.customer_number
    and scored.score_date = answers.list_date
