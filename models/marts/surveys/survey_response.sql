-- One row per metric, response dimension, value and period in which somebody was asked, or answered unasked: who
-- answers.
with askings as (
    select * from {{ ref('int_askings') }}
),

response_values as (
    select * from {{ ref('int_response_values') }}
),

periods as (
    select
        *,
        'month' as period_grain,
        {{ month_start('survey_date') }} as period_start
    from askings
    union all
    select
        *,
        'all' as period_grain,
        min(survey_date) over () as period_start
    from askings
),

counts as (
    select
        periods.metric,
        response_values.response_dimension,
        response_values.response_value,
        periods.period_grain,
        periods.period_start,
        cast(sum(cast(periods.is_asked as integer)) as bigint) as asked,
        cast(sum(cast(periods.is_response as integer)) as bigint) as answered,
        cast(sum(cast(periods.is_unasked as integer)) as bigint) as answered_unasked,
        -- Nearest rank: a time that somebody took.
        percentile_disc(0.5) within group (order by periods.hours_to_answer) as median_hours_to_answer
    from periods
    inner join response_values on periods.answer_id = response_values.answer_id
    group by
        periods.metric,
        response_values.response_dimension,
        response_values.response_value,
        periods.period_grain,
        periods.period_start
),

judged as (
    select
        *,
        asked between 1 and {{ min_answers() }} - 1 as is_suppressed
    from counts
)

select
    metric,
    response_dimension,
    response_value,
    period_grain,
    period_start,
    asked,
    answered,
    answered_unasked,
    case when not is_suppressed then {{ ratio('answered', 'asked') }} end as response_rate,
    case when not is_suppressed then {{ wilson_bound('answered', 'asked', '-') }} end as ci_low,
    case when not is_suppressed then {{ wilson_bound('answered', 'asked', '+') }} end as ci_high,
    -- Few answers tell how quick each of those was who gave them.
    case when answered >= {{ min_answers() }} then median_hours_to_answer end as median_hours_to_answer,
    is_suppressed,
    {{ build_columns() }}
from judged
