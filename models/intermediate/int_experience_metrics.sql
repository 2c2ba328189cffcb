-- One row per component of the experience index that has a mean: the survey metric that measures it, and which way its
-- scale runs.
with components as (
    select * from {{ ref('experience_components') }}
),

-- A company may score a metric by shares: on whatever scales its questions then are, they have no mean.
metrics as (
    select * from {{ ref('survey_metrics') }}
    where score_kind in ('mean', 'rescaled_mean')
),

-- Of the questions that were answered: a build stops where those of one metric run both ways.
directions as (
    select
        answers.metric,
        min(questions.higher_is) as higher_is
    from {{ ref('int_answers') }} as answers
    inner join {{ ref('survey_questions') }} as questions on answers.question = questions.question
    where answers.is_answered
    group by answers.metric
)

select
    components.component,
    components.metric,
    metrics.score_kind,
    directions.higher_is
from components
inner join metrics on components.metric = metrics.metric
left join directions on components.metric = directions.metric
