-- One row per metric, segment value and period: the score, its interval, and whether the cell is too small to show.
with counts as (
    select * from {{ ref('int_survey_counts') }}
),

metrics as (
    select * from {{ ref('survey_metrics') }}
),

suppressed as (
    select * from {{ ref('int_survey_suppressed') }}
),

student_t as (
    select * from {{ ref('student_t') }}
),

with_error as (
    select
        counts.*,
        metrics.score_kind,
        {{ mean_standard_error('counts.score_total', 'counts.score_square_total', 'counts.counted') }}
            as mean_standard_error,
        {{ student_t_95('counts.counted - 1', 'student_t.t_95') }} as t_quantile,
        suppressed.cell_number is not null as is_suppressed
    from counts
    inner join metrics on counts.metric = metrics.metric
    left join student_t on counts.counted - 1 = student_t.degrees_of_freedom
    left join suppressed on counts.cell_number = suppressed.cell_number
)

select
    *,
    {{ survey_mean() }} as mean_score,
    {{ survey_score() }} as score,
    {{ survey_bound('-') }} as ci_low,
    {{ survey_bound('+') }} as ci_high,
    {{ survey_standard_error() }} as standard_error
from with_error
