-- One row per metric, theme, period and side (comments with the theme, comments without): the score of their answers.
with answers as (
    select * from {{ ref('int_comment_periods') }}
    where is_counted
),

themes as (
    select * from {{ ref('int_themes') }}
),

labels as (
    select * from {{ ref('int_comment_labels') }}
),

metrics as (
    select * from {{ ref('survey_metrics') }}
),

-- Answers without a comment stand on neither side: who writes differs from who does not.
sorted as (
    select
        answers.*,
        themes.theme,
        labels.theme is not null as has_theme
    from answers
    cross join themes
    left join labels
        on answers.answer_id = labels.answer_id
        and themes.theme = labels.theme
),

counts as (
    select
        sorted.metric,
        sorted.theme,
        sorted.period_grain,
        sorted.period_start,
        sorted.has_theme,
        {{ survey_sums('sorted') }}
    from sorted
    group by sorted.metric, sorted.theme, sorted.period_grain, sorted.period_start, sorted.has_theme
),

with_error as (
    select
        counts.*,
        metrics.score_kind,
        {{ mean_standard_error('counts.score_total', 'counts.score_square_total', 'counts.counted') }}
            as mean_standard_error
    from counts
    inner join metrics on counts.metric = metrics.metric
)

select
    metric,
    theme,
    period_grain,
    period_start,
    has_theme,
    score_kind,
    counted,
    positives,
    {{ survey_score() }} as score,
    {{ survey_standard_error() }} as standard_error
from with_error
