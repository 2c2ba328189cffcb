-- Everyone stands in customer_experience, scored or with what is missing, and has there all that it answered.
with surveys as (
    select
        scores.customer_id,
        sum(scores.counted) as counted
    from {{ ref('customer_survey_scores') }} as scores
    inner join {{ ref('int_experience_metrics') }} as metrics on scores.metric = metrics.metric
    group by scores.customer_id
)

select
    customers.customer_id,
    experience.customer_id as found,
    experience.missing_components,
    surveys.counted
from {{ ref('dim_customers') }} as customers
full outer join {{ ref('customer_experience') }} as experience on customers.customer_id = experience.customer_id
left join surveys on experience.customer_id = surveys.customer_id
where
    customers.customer_id is null
    or experience.customer_id is null
    or coalesce(surveys.counted, 0) <> experience.effort_answers + experience.empathy_answers
    + experience.understanding_answers + experience.effectiveness_answers
