-- One row per customer as of today: who it is, how engaged, and what it last said.
with customers as (
    select * from {{ ref('dim_customers') }}
),

churned as (
    select * from {{ ref('int_customers') }}
    where churned_date < as_of_date
),

-- The last row of each: a filter on the day reads a day, where a join would read all of history.
engagement as (
    select * from {{ ref('fct_engagement_scores') }}
    where score_date = as_of_date
    union all
    select scores.*
    from {{ ref('fct_engagement_scores') }} as scores
    inner join churned
        on scores.customer_id = churned.customer_id
        and scores.score_date = churned.churned_date
),

trends as (
    select * from {{ trends_of('engagement') }} as trends
),

surveys as (
    select * from {{ ref('customer_survey_scores') }}
),

experience as (
    select * from {{ ref('customer_experience') }}
),

purchases as (
    select * from {{ ref('customer_value') }}
),

rules as (
    select * from {{ ref('int_value_rules') }}
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
    engagement.previous_points,
    engagement.points_change,
    engagement.previous_score,
    engagement.score_change,
    engagement.score_direction,
    trends.trend,
    trends.p_value as trend_p_value,
    answers.nps,
    answers.nps_last_answered_at,
    answers.nps_response_class,
    answers.csat,
    answers.csat_last_answered_at,
    answers.csat_response_class,
    answers.effort,
    answers.effort_last_answered_at,
    answers.effort_response_class,
    experience.experience_index,
    experience.operational_effort,
    purchases.purchases,
    purchases.revenue,
    purchases.recency_days,
    purchases.frequency,
    purchases.monetary_value,
    purchases.rfm_segment,
    purchases.clv,
    purchases.clv_per_acquisition_dollar,
    purchases.purchase_pattern,
    -- Engagement is long-term and satisfaction short-term: they stand side by side, and no number mixes them.
    case
        when engagement.engagement_score is null or answers.csat is null then 'not known'
        when engagement.engagement_score >= rules.engaged_from and answers.csat >= rules.satisfied_from
            then 'engaged and satisfied'
        when engagement.engagement_score >= rules.engaged_from then 'engaged but dissatisfied'
        when answers.csat >= rules.satisfied_from then 'satisfied but fading'
        else 'neither'
    end as quadrant,
    customers.build_id,
    customers.as_of_date
from customers
cross join rules
-- Left join: without events nobody has an engagement row, and everybody still has a place here.
left join engagement on customers.customer_id = engagement.customer_id
left join trends on customers.customer_id = trends.customer_id
left join answers on customers.customer_id = answers.customer_id
left join experience on customers.customer_id = experience.customer_id
left join purchases on customers.customer_id = purchases.customer_id
