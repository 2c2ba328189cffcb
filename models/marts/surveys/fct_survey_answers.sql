-- One row per accepted question put to somebody, answered or not.
with answers as (
    select * from {{ ref('int_answers') }}
),

-- The month is the finest published period: what counts there adds up to every monthly score.
counted as (
    select
        *,
        is_answered and {{ counts_within('month') }} as is_counted
    from answers
)

select
    counted.answer_id,
    counted.customer_id,
    counted.respondent_id,
    counted.question,
    counted.metric,
    counted.sent_at,
    counted.answered_at,
    counted.period_date,
    counted.score,
    counted.is_counted,
    cast(counted.is_counted and counted.is_positive as integer) as positive,
    cast(counted.is_counted and not counted.is_positive and not counted.is_negative as integer) as neutral,
    cast(counted.is_counted and counted.is_negative as integer) as negative,
    counted.touchpoint,
    counted.channel,
    counted.language,
    {{ hours_between('counted.sent_at', 'counted.answered_at') }} as hours_to_answer,
    {{ build_columns() }}
from counted
