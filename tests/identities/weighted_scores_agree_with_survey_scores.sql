-- The raw score beside a weighted one is the published one; weights cost precision and never add any.
with scores as (
    select scores.*
    from {{ ref('survey_scores') }} as scores
    inner join {{ ref('survey_metrics') }} as metrics
        on scores.metric = metrics.metric
        and metrics.score_kind in ('net_share', 'positive_share')
    where scores.segment_dimension = 'all' and scores.period_grain in ('month', 'all')
)

select
    coalesce(weighted.metric, scores.metric) as metric,
    coalesce(weighted.period_grain, scores.period_grain) as period_grain,
    coalesce(weighted.period_start, scores.period_start) as period_start,
    weighted.counted,
    scores.counted as scores_counted,
    weighted.score,
    scores.score as scores_score
from {{ ref('weighted_survey_scores') }} as weighted
full outer join scores
    on weighted.metric = scores.metric
    and weighted.period_grain = scores.period_grain
    and weighted.period_start = scores.period_start
where
    weighted.counted is distinct from scores.counted
    or (not weighted.is_suppressed and weighted.score is null) <> (scores.counted = 0)
    or abs(weighted.score - scores.score) > 1e-9
    or (scores.is_suppressed and coalesce(weighted.score, weighted.weighted_score, weighted.ci_low) is not null)
    or weighted.weighted_answers > weighted.counted
    or weighted.effective_n > weighted.weighted_answers + 1e-6
    or weighted.design_effect < 1 - 1e-9
    or weighted.covered_share not between 0 and 1
    or weighted.weighted_score < weighted.ci_low - 1e-9
    or weighted.weighted_score > weighted.ci_high + 1e-9
    or (weighted.strata = 1 and abs(weighted.design_effect - 1) > 1e-9)
    or (
        weighted.strata = 1 and weighted.weighted_answers = weighted.counted
        and abs(weighted.weighting_difference) > 1e-9
    )
