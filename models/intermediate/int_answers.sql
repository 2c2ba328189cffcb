-- One row per accepted question put to somebody by the as-of date, with its metric, the day that places it in a period,
-- and the day from which a later answer counts in its place.
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

profiles as (
    select * from {{ ref('int_segment_profiles') }}
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
),

followed as (
    select
        *,
        case
            when is_answered and counting = 'latest_per_respondent'
                then lead(period_date) over (
                    partition by metric, is_answered, customer_id, coalesce(respondent_id, '')
                    order by answered_at, answer_id
                )
        end as superseded_date
    from placed
    where period_date <= as_of_date
)

select
    followed.answer_id,
    followed.customer_id,
    followed.respondent_id,
    followed.question,
    followed.metric,
    followed.counting,
    followed.scale_min,
    followed.scale_max,
    followed.touchpoint,
    followed.channel,
    followed.language,
    followed.sent_at,
    case when followed.is_answered then followed.answered_at end as answered_at,
    followed.sent_at is not null as is_asked,
    followed.is_answered,
    case when followed.is_answered then followed.score end as score,
    followed.is_positive,
    followed.is_negative,
    followed.period_date,
    followed.superseded_date,
    {{ superseded_within() }} as superseded_within,
    profiles.profile_number
from followed
-- The segments on the day of the answer: a later change of plan does not rewrite the past.
inner join profiles
    on followed.customer_id = profiles.customer_id
    and followed.period_date >= profiles.valid_from
    and followed.period_date <= coalesce(profiles.valid_to, followed.period_date)
