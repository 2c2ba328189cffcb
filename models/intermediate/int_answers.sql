-- One row per accepted question put to somebody by the as-of date, with its metric and the day that places it in a
-- period.
with answers as (
    select * from {{ ref('stg_survey_answers') }}
    where verdict = 'accepted'
),

questions as (
    select * from {{ ref('survey_questions') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

dated as (
    select
        answers.*,
        {{ reporting_date('answers.sent_at') }} as sent_date,
        {{ reporting_date('answers.answered_at') }} as answered_date,
        -- What is answered later is, on the as-of date, still unanswered; a comment without a score is no answer.
        answers.score is not null and {{ reporting_date('answers.answered_at') }} <= as_of.as_of_date as is_answered,
        as_of.as_of_date
    from answers
    cross join as_of
),

placed as (
    select
        *,
        case when is_answered then answered_date else coalesce(sent_date, answered_date) end as period_date
    from dated
)

select
    placed.answer_id,
    placed.customer_id,
    placed.respondent_id,
    placed.question,
    questions.metric,
    questions.counting,
    questions.scale_min,
    questions.scale_max,
    placed.touchpoint,
    placed.channel,
    placed.language,
    placed.sent_at,
    case when placed.is_answered then placed.answered_at end as answered_at,
    placed.sent_at is not null as is_asked,
    placed.is_answered,
    case when placed.is_answered then placed.score end as score,
    -- A scale may run the other way: then the high end is the negative one.
    case
        when questions.higher_is = 'worse' then placed.score <= questions.positive_from
        else placed.score >= questions.positive_from
    end as is_positive,
    case
        when questions.higher_is = 'worse' then placed.score >= questions.negative_to
        else placed.score <= questions.negative_to
    end as is_negative,
    placed.period_date
from placed
inner join questions on placed.question = questions.question
where placed.period_date <= placed.as_of_date
