-- One row per metric of shares and period: its score if each stratum had its due weight, beside the raw one.
with sums as (
    select * from {{ ref('int_weighted_sums') }}
),

-- Beside the raw score stands what survey_scores hides, or it would be shown here.
suppressed as (
    select * from {{ ref('int_survey_estimates') }}
    where segment_dimension = 'all' and is_suppressed
),

-- With weights (N_h/N) / (n_h/n): effective n = (sum of weights)^2 / sum of squares = N^2 / sum of N_h^2/n_h.
effective as (
    select
        sums.*,
        cast(sums.covered_customers * sums.covered_customers as {{ type_double() }})
        / nullif(cast(sums.square_weights as {{ type_double() }}), 0) as effective_n,
        {{ ratio('sums.positive_customers', 'sums.covered_customers') }} as positive_share,
        {{ ratio('sums.negative_customers', 'sums.covered_customers') }} as negative_share,
        sums.weighted_answers between 1 and {{ min_answers() }} - 1
        or suppressed.metric is not null as is_suppressed
    from sums
    left join suppressed
        on sums.metric = suppressed.metric
        and sums.period_grain = suppressed.period_grain
        and sums.period_start = suppressed.period_start
),

with_counts as (
    select
        *,
        positive_share * effective_n as effective_positives,
        negative_share * effective_n as effective_negatives
    from effective
),

scored as (
    select
        *,
        {{ share_metric_score('positives', 'negatives', 'counted') }} as score,
        {{ share_metric_score('positive_customers', 'negative_customers', 'covered_customers') }} as weighted_score,
        {{ share_metric_bound('effective_positives', 'effective_negatives', 'effective_n', '-') }} as ci_low,
        {{ share_metric_bound('effective_positives', 'effective_negatives', 'effective_n', '+') }} as ci_high
    from with_counts
)

select
    metric,
    period_grain,
    period_start,
    cast(counted as bigint) as counted,
    case when not is_suppressed then score end as score,
    cast(weighted_answers as bigint) as weighted_answers,
    case when not is_suppressed then weighted_score end as weighted_score,
    case when not is_suppressed then ci_low end as ci_low,
    case when not is_suppressed then ci_high end as ci_high,
    case when not is_suppressed then weighted_score - score end as weighting_difference,
    effective_n,
    weighted_answers / effective_n as design_effect,
    cast(customers as bigint) as customers,
    {{ ratio('covered_customers', 'customers') }} as covered_share,
    cast(strata as bigint) as strata,
    collapsed_cells,
    is_suppressed,
    {{ build_columns() }}
from scored
