-- One row per accepted question put to somebody, answered or not.
with answers as (
    select * from {{ ref('int_answers') }}
),

-- The month is the finest published period: what counts there adds up to every monthly score.
months as (
    select * from {{ ref('int_answer_periods') }}
    where period_grain = 'month'
)

select
    answers.answer_id,
    answers.customer_id,
    answers.respondent_id,
    answers.question,
    answers.metric,
    answers.sent_at,
    answers.answered_at,
    answers.period_date,
    answers.score,
    months.counted = 1 as is_counted,
    months.positive,
    months.neutral,
    months.negative,
    answers.touchpoint,
    answers.channel,
    answers.language,
    {{ hours_between('answers.sent_at', 'answers.answered_at') }} as hours_to_answer,
    {{ build_columns() }}
from answers
inner join months on answers.answer_id = months.answer_id
