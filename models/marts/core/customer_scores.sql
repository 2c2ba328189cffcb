-- One row per customer as of today: who it is, how engaged, and what it last said.
with customers as (
    select * from {{ ref('dim_customers') }}
),

engagement as (
    select
        *,
        row_number() over (partition by customer_id order by score_date desc) as recency
    from {{ ref('fct_engagement_scores') }}
),

surveys as (
    select * from {{ ref('customer_survey_scores') }}
),

answers as (
    select
        customer_id,
        max(case when metric = 'nps' then score end) as nps,
        max(case when metric = 'nps' then last_answered_at end) as nps_last_answered_at,
        max(case when metric = 'nps' then response_class end) as nps_response_class,
        max(case when metric = 'csat' then score end) as csat,
        max(case when metric = 'csat' then last_answered_at end) as csat_last_answered_at,
        max(case when metric = 'csat' then response_class end) as csat_response_class,
        max(case when metric = 'effort' then score end) as effort,
        max(case when metric = 'effort' then last_answered_at end) as effort_last_answered_at,
        max(case when metric = 'effort' then response_class end) as effort_response_class
    from surveys
    group by customer_id
)

select
    customers.customer_id,
    customers.is_inferred,
    customers.plan,
    customers.industry,
    customers.region,
    customers.lifecycle_stage,
    customers.first_seen_date,
    engagement.score_date,
    engagement.status as engagement_status,
    engagement.event_count,
    engagement.active_days,
    engagement.active_users,
    engagement.points,
    engagement.engagement_score,
    engagement.engagement_percentile,
    engagement.engagement_band,
    engagement.baseline_ratio,
    engagement.previous_score,
    engagement.score_change,
    answers.nps,
    answers.nps_last_answered_at,
    answers.nps_response_class,
    answers.csat,
    answers.csat_last_answered_at,
    answers.csat_response_class,
    answers.effort,
    answers.effort_last_answered_at,
    answers.effort_response_class,
    customers.build_id,
    customers.as_of_date
from customers
-- Left join: without events nobody has an engagement row, and everybody still has a place here.
left join engagement
    on customers.customer_id = engagement.customer_id
    and engagement.recency = 1
left join answers on customers.customer_id = answers.customer_id
