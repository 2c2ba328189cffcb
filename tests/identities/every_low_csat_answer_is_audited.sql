-- Each counted negative answer about satisfaction is a row of the audit, and no other is.
with low_answers as (
    select * from {{ ref('fct_survey_answers') }}
    where metric = 'csat' and negative = 1
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
    or audited.has_comment <> (audited.themes is not null)
