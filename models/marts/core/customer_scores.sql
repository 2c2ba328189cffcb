-- One row per customer as of today: who it is, how engaged, what it last said, what it is worth, and what to do about
-- it.
{%- set metrics = ['nps', 'csat', 'effort'] %}
{#- A month that has only begun would say less of everybody. -#}
{%- set last_month = add_months(month_start(add_days('customers.as_of_date', 1)), -1) %}
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

answers as (
    select
        {%- for metric in metrics %}
        max(case when metric = '{{ metric }}' then score end) as {{ metric }},
        max(case when metric = '{{ metric }}' then last_answered_at end) as {{ metric }}_last_answered_at,
        max(case when metric = '{{ metric }}' then response_class end) as {{ metric }}_response_class,
        {%- endfor %}
        customer_id
    from {{ ref('customer_survey_scores') }}
    group by customer_id
),

signals as (
    select
        customer_id,
        {%- for signal in published_signals() %}
        max(case when signal = '{{ signal }}' then strength end) as {{ signal }}_strength,
        {%- endfor %}
        max(case when signal = 'churn_risk' then since_date end) as churn_risk_since
    from {{ ref('customer_signals') }}
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
    {%- for metric in metrics %}
    answers.{{ metric }},
    answers.{{ metric }}_last_answered_at,
    answers.{{ metric }}_response_class,
    {%- endfor %}
    experience.experience_index,
    experience.operational_effort,
    customer_value.purchases,
    customer_value.revenue,
    customer_value.recency_days,
    customer_value.frequency,
    customer_value.monetary_value,
    customer_value.rfm_segment,
    customer_value.clv,
    customer_value.clv_per_acquisition_dollar,
    customer_value.purchase_pattern,
    -- Engagement is long-term and satisfaction short-term: they stand side by side, and no number mixes them.
    case
        when engagement.engagement_score is null or answers.csat is null then 'not known'
        when engagement.engagement_score >= rules.engaged_from and answers.csat >= rules.satisfied_from
            then 'engaged and satisfied'
        when engagement.engagement_score >= rules.engaged_from then 'engaged but dissatisfied'
        when answers.csat >= rules.satisfied_from then 'satisfied but fading'
        else 'neither'
    end as quadrant,
    presence.is_there,
    presence.presence_rule,
    presence.origin as came_by,
    activity.stickiness as last_month_stickiness,
    activity.feature_breadth as last_month_feature_breadth,
    site_time.average_seconds_per_visitor as last_month_seconds_per_visitor,
    {%- for signal in published_signals() %}
    signals.{{ signal }}_strength,
    {%- endfor %}
    signals.churn_risk_since,
    customers.build_id,
    customers.as_of_date
from customers
cross join {{ ref('int_value_rules') }} as rules
inner join {{ ref('int_presence') }} as presence on customers.customer_id = presence.customer_id
-- Left join: without events nobody has an engagement row, and everybody still has a place here.
left join engagement on customers.customer_id = engagement.customer_id
left join trends on customers.customer_id = trends.customer_id
left join answers on customers.customer_id = answers.customer_id
left join {{ ref('customer_experience') }} as experience on customers.customer_id = experience.customer_id
left join {{ ref('customer_value') }} as customer_value on customers.customer_id = customer_value.customer_id
left join {{ ref('customer_activity') }} as activity
    on customers.customer_id = activity.customer_id
    and activity.period_start = {{ last_month }}
left join {{ ref('customer_site_time') }} as site_time
    on customers.customer_id = site_time.customer_id
    and site_time.period_start = {{ last_month }}
left join signals on customers.customer_id = signals.customer_id
