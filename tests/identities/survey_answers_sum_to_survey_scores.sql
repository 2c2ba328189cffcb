-- What BI adds up from single answers is what the monthly score says, and the other way round.
with answers as (
    select
        metric,
        cast(date_trunc('month', period_date) as date) as period_start,
        sum(cast(is_counted as integer)) as counted,
        sum(positive) as positives,
        sum(negative) as negatives
    from {{ ref('fct_survey_answers') }}
    group by metric, period_start
),

scores as (
    select * from {{ ref('survey_scores') }}
    where segment_dimension = 'all' and period_grain = 'month'
)

select
    coalesce(answers.metric, scores.metric) as metric,
    coalesce(answers.period_start, scores.period_start) as period_start,
    answers.counted as answers_counted,
    scores.counted as scores_counted
from answers
full outer join scores
    on answers.metric = scores.metric
    and answers.period_start = scores.period_start
where
    answers.counted is distinct from scores.counted
    or (not scores.is_suppressed and (answers.positives <> scores.positives or answers.negatives <> scores.negatives))
