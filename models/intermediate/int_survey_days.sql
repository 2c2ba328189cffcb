-- One row per respondent and day on which it was asked something, or answered unasked: all questions of a day are one
-- survey.
with askings as (
    select * from {{ ref('int_askings') }}
),

guides as (
    select * from {{ ref('int_survey_guides') }}
),

days as (
    select
        customer_id,
        respondent_id,
        survey_date,
        max(cast(is_asked as integer)) = 1 as is_survey,
        max(cast(is_response as integer)) = 1 as is_answered
    from askings
    group by customer_id, respondent_id, survey_date
),

-- Two surveys as many days apart as the guide says are far enough apart.
with_earlier as (
    select
        days.customer_id,
        days.respondent_id,
        days.survey_date,
        days.is_survey,
        days.is_answered,
        count(earlier.survey_date) as earlier_surveys
    from days
    cross join guides
    left join days as earlier
        on days.customer_id = earlier.customer_id
        and days.respondent_id = earlier.respondent_id
        and earlier.is_survey
        and days.survey_date > earlier.survey_date
        and {{ days_between('earlier.survey_date', 'days.survey_date') }} < guides.days_between_surveys
    group by days.customer_id, days.respondent_id, days.survey_date, days.is_survey, days.is_answered
)

select * from with_earlier
