-- Of a question that is not in the catalogue no answer is accepted: it would count for nothing, unnoticed.
select
    'support_questions.csv: question ' || coalesce(given.question, '(no name)')
    || ' stands there twice, or survey_questions.csv does not list it: add it there.' as problem
from {{ ref('support_questions') }} as given
left join {{ ref('survey_questions') }} as questions on given.question = questions.question
group by given.question
having count(*) > 1 or max(questions.question) is null
