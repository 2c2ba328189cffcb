-- Each accepted row that is dated by today is a row of the mart, and no other is.
with accepted as (
    select answers.answer_id
    from {{ ref('stg_survey_answers') }} as answers
    cross join {{ ref('int_as_of') }} as as_of
    where
        answers.verdict = 'accepted'
        and {{ reporting_date('coalesce(answers.sent_at, answers.answered_at)') }} <= as_of.as_of_date
),

published as (
    select answer_id from {{ ref('fct_survey_answers') }}
)

select
    accepted.answer_id as accepted_id,
    published.answer_id as published_id
from accepted
full outer join published on accepted.answer_id = published.answer_id
where accepted.answer_id is null or published.answer_id is null
