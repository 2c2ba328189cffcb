-- Whoever got two surveys within the guide is listed, with all its surveys, and nobody else is.
with guide as (
    select cast(max(guide_value) as integer) as days from {{ ref('survey_guides') }}
    where guide = 'days_between_surveys'
),

survey_days as (
    select distinct
        customer_id,
        coalesce(respondent_id, '') as respondent_id,
        {{ reporting_date('sent_at') }} as survey_date
    from {{ ref('fct_survey_answers') }}
    where sent_at is not null
),

gaps as (
    select
        *,
        {{ days_between(
            'lag(survey_date) over (partition by customer_id, respondent_id order by survey_date)', 'survey_date'
        ) }} as days_since_last
    from survey_days
),

respondents as (
    select
        gaps.customer_id,
        gaps.respondent_id,
        count(*) as surveys,
        count(case when gaps.days_since_last < guide.days then 1 end) as too_early_surveys
    from gaps
    cross join guide
    group by gaps.customer_id, gaps.respondent_id
)

select
    coalesce(respondents.customer_id, fatigue.customer_id) as customer_id,
    coalesce(respondents.respondent_id, fatigue.respondent_id) as respondent_id,
    respondents.surveys,
    fatigue.surveys as fatigue_surveys
from respondents
full outer join {{ ref('survey_fatigue') }} as fatigue
    on respondents.customer_id = fatigue.customer_id
    and respondents.respondent_id = coalesce(fatigue.respondent_id, '')
where
    coalesce(respondents.too_early_surveys, 0) <> coalesce(fatigue.too_early_surveys, 0)
    or (fatigue.customer_id is not null and respondents.surveys is distinct from fatigue.surveys)
    or fatigue.surveys_in_window < 2
    or fatigue.surveys_in_window > fatigue.too_early_surveys + 1
    or fatigue.answered_in_window > fatigue.surveys_in_window
    or fatigue.answered_surveys > fatigue.surveys
    or fatigue.later_response_rate not between 0 and 1
