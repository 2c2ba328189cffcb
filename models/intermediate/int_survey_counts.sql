-- One row per metric, segment value and period: additive counts and sums, from which every survey figure follows.
with answers as (
    select * from {{ ref('int_answer_periods') }}
),

segments as (
    select * from {{ ref('int_segment_history') }}
)

select
    answers.metric,
    segments.segment_dimension,
    segments.segment_value,
    answers.period_grain,
    answers.period_start,
    {{ survey_sums('answers') }}
from answers
-- The segment on the day of the answer: a later change of plan does not rewrite the past.
inner join segments
    on answers.customer_id = segments.customer_id
    and answers.period_date >= segments.valid_from
    and answers.period_date <= coalesce(segments.valid_to, answers.period_date)
group by
    answers.metric,
    segments.segment_dimension,
    segments.segment_value,
    answers.period_grain,
    answers.period_start
