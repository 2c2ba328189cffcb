-- What the index calls a component is the metric that survey_scores shows: the same cells, the same answers, the same
-- score on one range.
with components as (
    {%- for component in experience_components() %}
    select
        '{{ component }}' as component,
        segment_dimension,
        segment_value,
        period_grain,
        period_start,
        {{ component }} as value,
        {{ component }}_answers as answers
    from {{ ref('experience_index') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- The questions of a mean have one scale, which the build insists on.
scales as (
    select
        metric,
        min(scale_min) as scale_min,
        max(scale_max) as scale_max
    from {{ ref('int_answers') }}
    where is_answered
    group by metric
),

scores as (
    select
        scores.*,
        metrics.component,
        metrics.score_kind,
        metrics.higher_is,
        scales.scale_min,
        scales.scale_max
    from {{ ref('survey_scores') }} as scores
    inner join {{ ref('int_experience_metrics') }} as metrics on scores.metric = metrics.metric
    left join scales on scores.metric = scales.metric
)

select
    coalesce(components.component, scores.component) as component,
    scores.segment_value,
    scores.period_start,
    components.value,
    scores.score,
    components.answers,
    scores.counted
from components
full outer join scores
    on components.component = scores.component
    and components.segment_dimension = scores.segment_dimension
    and components.segment_value = scores.segment_value
    and components.period_grain = scores.period_grain
    and components.period_start = scores.period_start
where
    components.component is null
    -- A cell without a row in survey_scores is one in which nobody was asked.
    or components.answers <> coalesce(scores.counted, 0)
    or (components.value is null) <> (scores.score is null)
    or (
        scores.score_kind = 'rescaled_mean'
        and abs(
            components.value - case when scores.higher_is = 'worse' then 100 - scores.score else scores.score end
        ) > 1e-9
    )
    or (
        scores.score_kind = 'mean'
        and abs(
            components.value - 100.0 * case
                when scores.higher_is = 'worse' then scores.scale_max - scores.score
                else scores.score - scores.scale_min
            end / (scores.scale_max - scores.scale_min)
        ) > 1e-9
    )
