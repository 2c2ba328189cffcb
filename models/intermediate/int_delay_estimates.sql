-- One row per metric, touchpoint and delay class: who answered over all time, and what, with its uncertainty.
with answers as (
    select * from {{ ref('int_answers') }}
),

-- Who answered unasked did not wait for a survey.
askings as (
    select * from {{ ref('int_askings') }}
    where is_asked
),

delays as (
    select * from {{ ref('int_survey_delays') }}
),

metrics as (
    select * from {{ ref('survey_metrics') }}
),

student_t as (
    select * from {{ ref('student_t') }}
),

counts as (
    select
        answers.metric,
        askings.touchpoint,
        delays.delay_class,
        {{ survey_sums('answers', counts=counts_within('all')) }},
        -- Nearest rank: a time that somebody waited.
        percentile_disc(0.5) within group (order by delays.hours_to_survey) as median_hours_to_survey
    from answers
    inner join askings on answers.answer_id = askings.answer_id
    inner join delays on answers.answer_id = delays.answer_id
    group by answers.metric, askings.touchpoint, delays.delay_class
),

with_error as (
    select
        counts.*,
        metrics.score_kind,
        {{ mean_standard_error('counts.score_total', 'counts.score_square_total', 'counts.counted') }}
            as mean_standard_error,
        {{ student_t_95('counts.counted - 1', 'student_t.t_95') }} as t_quantile
    from counts
    inner join metrics on counts.metric = metrics.metric
    left join student_t on counts.counted - 1 = student_t.degrees_of_freedom
),

estimated as (
    select
        *,
        {{ survey_score() }} as score,
        {{ survey_bound('-') }} as ci_low,
        {{ survey_bound('+') }} as ci_high,
        {{ survey_standard_error() }} as standard_error,
        counted between 1 and {{ min_answers() }} - 1 as is_small
    from with_error
),

split as (
    select
        *,
        sum(cast(is_small as integer)) over (partition by metric) as small_cells,
        row_number() over (
            partition by metric
            order by is_small or counted = 0, counted, touchpoint, delay_class
        ) as size_rank
    from estimated
)

select
    *,
    -- A single hidden cell could be had by subtraction from the metric's total: the smallest shown one goes with it.
    is_small or (small_cells = 1 and size_rank = 1 and counted > 0) as is_suppressed
from split
