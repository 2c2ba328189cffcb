-- What BI adds up from single answers is what the scores of each period say, and the other way round. Which answers
-- count is marked for months alone.
with days as (
    select
        metric,
        period_date,
        count(sent_at) as asked,
        count(score) as answered,
        sum(cast(is_counted as integer)) as counted,
        sum(positive) as positives,
        sum(negative) as negatives
    from {{ ref('fct_survey_answers') }}
    -- A comment alone is neither asked nor answered.
    where sent_at is not null or score is not null
    group by metric, period_date
),

scores as (
    select * from {{ ref('survey_scores') }}
    where segment_dimension = 'all'
),

compared as (
    select
        scores.metric,
        scores.period_grain,
        scores.period_start,
        scores.is_suppressed,
        scores.asked,
        scores.answered,
        scores.counted,
        scores.positives,
        scores.negatives,
        sum(days.asked) as answers_asked,
        sum(days.answered) as answers_answered,
        sum(days.counted) as answers_counted,
        sum(days.positives) as answers_positives,
        sum(days.negatives) as answers_negatives
    from scores
    inner join days
        on scores.metric = days.metric
        and scores.period_start <= days.period_date
        and scores.period_end >= days.period_date
    group by
        scores.metric,
        scores.period_grain,
        scores.period_start,
        scores.is_suppressed,
        scores.asked,
        scores.answered,
        scores.counted,
        scores.positives,
        scores.negatives
),

-- Every answer lies in `all` time.
absent as (
    select days.metric
    from days
    left join compared
        on days.metric = compared.metric
        and compared.period_grain = 'all'
    where compared.metric is null
)

select
    metric,
    period_grain,
    period_start
from compared
where
    asked <> answers_asked
    or answered <> answers_answered
    or (
        period_grain = 'month'
        and (
            counted <> answers_counted
            or (not is_suppressed and (positives <> answers_positives or negatives <> answers_negatives))
        )
    )
union all
select
    metric,
    cast(null as {{ dbt.type_string() }}) as period_grain,
    cast(null as date) as period_start
from absent
