-- One row per metric, segment value and period in which somebody was asked or answered: the score with its uncertainty.
with estimates as (
    select * from {{ ref('int_survey_estimates') }}
),

changes as (
    select * from {{ ref('int_survey_changes') }}
),

bands as (
    select * from {{ ref('int_score_bands') }}
),

benchmarks as (
    select * from {{ ref('int_survey_benchmarks') }}
),

-- Of a suppressed cell only its size is shown: any of the other figures would give the answers away.
shown as (
    select
        metric,
        segment_dimension,
        segment_value,
        period_grain,
        period_start,
        period_end,
        asked,
        answered,
        counted,
        is_suppressed,
        case when not is_suppressed then positives end as positives,
        case when not is_suppressed then neutrals end as neutrals,
        case when not is_suppressed then negatives end as negatives,
        case when not is_suppressed then mean_score end as mean_score,
        case when not is_suppressed then score end as score,
        case when not is_suppressed then ci_low end as ci_low,
        case when not is_suppressed then ci_high end as ci_high
    from estimates
)

select
    shown.metric,
    shown.segment_dimension,
    shown.segment_value,
    shown.period_grain,
    shown.period_start,
    shown.period_end,
    shown.asked,
    shown.answered,
    shown.counted,
    shown.positives,
    shown.neutrals,
    shown.negatives,
    shown.mean_score,
    shown.score,
    shown.ci_low,
    shown.ci_high,
    changes.previous_score,
    changes.score_change,
    changes.change_p_value,
    changes.change_p_value_adjusted,
    coalesce(changes.is_change_significant, false) as is_change_significant,
    changes.smallest_detectable_change,
    shown.is_suppressed,
    bands.band,
    benchmarks.benchmark_low,
    benchmarks.benchmark_high,
    {{ distance_from_range('shown.score', 'benchmarks.benchmark_low', 'benchmarks.benchmark_high') }}
        as distance_from_benchmark,
    benchmarks.target_low,
    benchmarks.target_high,
    {{ distance_from_range('shown.score', 'benchmarks.target_low', 'benchmarks.target_high') }} as distance_from_target,
    {{ build_columns() }}
from shown
left join changes
    on shown.metric = changes.metric
    and shown.segment_dimension = changes.segment_dimension
    and shown.segment_value = changes.segment_value
    and shown.period_grain = changes.period_grain
    and shown.period_start = changes.period_start
left join bands
    on shown.metric = bands.metric
    and shown.score >= bands.lower_edge
    and (bands.upper_edge is null or shown.score < bands.upper_edge)
left join benchmarks
    on shown.metric = benchmarks.metric
    and shown.segment_dimension = benchmarks.segment_dimension
    and shown.segment_value = benchmarks.segment_value
