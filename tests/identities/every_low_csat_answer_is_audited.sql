-- Each low answer about satisfaction, by the edges of its question, is a row of the audit, and no other is.
with low_answers as (
    select answers.*
    from {{ ref('fct_survey_answers') }} as answers
    inner join {{ ref('survey_questions') }} as questions on answers.question = questions.question
    where
        answers.metric = 'csat'
        and case
            when questions.higher_is = 'worse' then answers.score >= questions.negative_to
            else answers.score <= questions.negative_to
        end
),

audited as (
    select * from {{ ref('low_csat_audit') }}
)

select
    low_answers.answer_id as low_answer_id,
    audited.answer_id as audited_id
from low_answers
full outer join audited on low_answers.answer_id = audited.answer_id
where
    low_answers.answer_id is null
    or audited.answer_id is null
    or low_answers.is_counted <> audited.is_counted
    or audited.has_comment <> (audited.themes is not null)
