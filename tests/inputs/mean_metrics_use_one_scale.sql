-- A mean over answers on different scales, or in opposite directions, means nothing.
with used as (
    select distinct
        answers.metric,
        questions.scale_min,
        questions.scale_max,
        questions.higher_is
    from {{ ref('int_answers') }} as answers
    inner join {{ ref('survey_questions') }} as questions on answers.question = questions.question
    inner join {{ ref('survey_metrics') }} as metrics on answers.metric = metrics.metric
    where answers.is_answered and metrics.score_kind in ('mean', 'rescaled_mean')
)

select
    'survey_answers: the questions of ' || metric || ' that were answered have different scales or directions, '
    || 'so that their mean means nothing: give one of them a metric of its own.' as problem
from used
group by metric
having count(*) > 1
