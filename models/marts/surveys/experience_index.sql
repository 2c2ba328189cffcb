-- One row per segment value and period in which somebody was asked or answered for a component: the experience index.
with estimates as (
    select * from {{ ref('int_survey_estimates') }}
),

metrics as (
    select * from {{ ref('int_experience_metrics') }}
),

bands as (
    select * from {{ ref('int_score_bands') }}
    where metric = 'experience_index'
),

-- On one range and in one direction, whatever the unit of the metric's own score.
components as (
    select
        metrics.component,
        estimates.segment_dimension,
        estimates.segment_value,
        estimates.period_grain,
        estimates.period_start,
        estimates.period_end,
        estimates.counted,
        estimates.is_suppressed,
        {{ component_score() }} as score,
        case when metrics.score_kind = 'mean' then 100.0 / (estimates.scale_max - estimates.scale_min) else 1.0 end
        * (estimates.ci_high - estimates.ci_low) / 2.0 as margin
    from estimates
    inner join metrics on estimates.metric = metrics.metric
),

-- A hidden component is as good as missing: the index would give it away.
side_by_side as (
    select
        segment_dimension,
        segment_value,
        period_grain,
        period_start,
        period_end,
        {{ one_column_each(experience_components(), 'component', 'counted', '_answers') }},
        {{ one_column_each(experience_components(), 'component', 'case when not is_suppressed then score end') }},
        {{ one_column_each(experience_components(), 'component', 'margin', '_margin') }},
        max(cast(is_suppressed as integer)) = 1 as is_suppressed
    from components
    group by segment_dimension, segment_value, period_grain, period_start, period_end
),

-- The error of a mean of four is at most the mean of their errors, however they go together in one respondent's mind.
indexed as (
    select
        *,
        {{ mean_of(experience_components()) }} as experience_index,
        {{ mean_of(['effort_margin', 'empathy_margin', 'understanding_margin', 'effectiveness_margin']) }} as margin
    from side_by_side
)

select
    indexed.segment_dimension,
    indexed.segment_value,
    indexed.period_grain,
    indexed.period_start,
    indexed.period_end,
    indexed.effort,
    indexed.empathy,
    indexed.understanding,
    indexed.effectiveness,
    indexed.experience_index,
    -- Clipped by cases: least and greatest would make a number of a null.
    case
        when indexed.experience_index < indexed.margin then 0.0
        else indexed.experience_index - indexed.margin
    end as ci_low,
    case
        when indexed.experience_index + indexed.margin > 100.0 then 100.0
        else indexed.experience_index + indexed.margin
    end as ci_high,
    {{ names_missing(experience_components()) }} as missing_components,
    coalesce(indexed.effort_answers, 0) as effort_answers,
    coalesce(indexed.empathy_answers, 0) as empathy_answers,
    coalesce(indexed.understanding_answers, 0) as understanding_answers,
    coalesce(indexed.effectiveness_answers, 0) as effectiveness_answers,
    indexed.is_suppressed,
    bands.band,
    {{ build_columns() }}
from indexed
left join bands
    -- Rounded, since a mean of four that is on an edge may miss it by its last digit.
    on cast(indexed.experience_index as decimal(12, 9)) >= bands.lower_edge
    and (bands.upper_edge is null or cast(indexed.experience_index as decimal(12, 9)) < bands.upper_edge)
