-- One row per accepted question put to somebody by the as-of date, with its metric and the day that places it in a
-- period.
{{ config(materialized='view') }}
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
        answers.score is not null
        and coalesce({{ reporting_date('answers.answered_at') }} <= as_of.as_of_date, false) as is_answered,
        as_of.as_of_date
    from answers
    -- An outer join, and comparisons that stay behind it: DuckDB takes a join by a comparison for a rare match, and
    -- then keeps the answers in memory to look the customers up in them, not the other way round.
    left join as_of on true
),

placed as (
    select
        dated.*,
        questions.metric,
        questions.counting,
        questions.scale_min,
        questions.scale_max,
        -- A scale may run the other way: then the high end is the negative one.
        case
            when questions.higher_is = 'worse' then dated.score <= questions.positive_from
            else dated.score >= questions.positive_from
        end as is_positive,
        case
            when questions.higher_is = 'worse' then dated.score >= questions.negative_to
            else dated.score <= questions.negative_to
        end as is_negative,
        case
            when dated.is_answered then dated.answered_date else coalesce(dated.sent_date, dated.answered_date)
        end as period_date
    from dated
    inner join questions on dated.question = questions.question
)

select
    row_number,
    answer_id,
    customer_id,
    respondent_id,
    question,
    metric,
    counting,
    scale_min,
    scale_max,
    touchpoint,
    channel,
    language,
    sent_at,
    case when is_answered then answered_at end as answered_at,
    sent_at is not null as is_asked,
    is_answered,
    case when is_answered then score end as score,
    is_positive,
    is_negative,
    period_date
from placed
where coalesce(period_date <= as_of_date, false)
