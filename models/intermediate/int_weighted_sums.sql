-- One row per metric of shares and period in which somebody was asked or answered: its sums, raw, and weighted by what
-- each stratum stands for.
with strata as (
    select
        *,
        answers >= {{ min_answers() }} as is_covered
    from {{ ref('int_weighting_strata') }}
),

answers as (
    select * from {{ ref('int_counted_answers') }}
),

metrics as (
    select * from {{ ref('survey_metrics') }}
    where score_kind in ('net_share', 'positive_share')
),

raw_sums as (
    select
        answers.metric,
        metrics.score_kind,
        answers.period_grain,
        answers.period_start,
        sum(answers.counted) as counted,
        sum(answers.positive) as positives,
        sum(answers.negative) as negatives
    from answers
    inner join metrics on answers.metric = metrics.metric
    group by answers.metric, metrics.score_kind, answers.period_grain, answers.period_start
),

-- To twelve places, so that the sums are the same in any order. A stratum with few answers is left out, rest or not: it
-- would speak for many by the voice of a few.
weighted_sums as (
    select
        metric,
        period_grain,
        period_start,
        sum(customers) as customers,
        sum(case when is_covered then customers else 0 end) as covered_customers,
        sum(case when is_covered then answers else 0 end) as weighted_answers,
        sum(case when is_covered then 1 else 0 end) as strata,
        max(collapsed_cells) as collapsed_cells,
        sum(
            case
                when is_covered
                    then cast({{ ratio('customers * positives', 'answers') }} as decimal(38, 12))
            end
        ) as positive_customers,
        sum(
            case
                when is_covered
                    then cast({{ ratio('customers * negatives', 'answers') }} as decimal(38, 12))
            end
        ) as negative_customers,
        sum(
            case
                when is_covered
                    then cast({{ ratio('customers * customers', 'answers') }} as decimal(38, 12))
            end
        ) as square_weights
    from strata
    group by metric, period_grain, period_start
)

-- Left join: everybody may have left before the period began, and still have answered.
select
    raw_sums.*,
    coalesce(weighted_sums.customers, 0) as customers,
    coalesce(weighted_sums.covered_customers, 0) as covered_customers,
    coalesce(weighted_sums.weighted_answers, 0) as weighted_answers,
    coalesce(weighted_sums.strata, 0) as strata,
    weighted_sums.collapsed_cells,
    weighted_sums.positive_customers,
    weighted_sums.negative_customers,
    weighted_sums.square_weights
from raw_sums
left join weighted_sums
    on raw_sums.metric = weighted_sums.metric
    and raw_sums.period_grain = weighted_sums.period_grain
    and raw_sums.period_start = weighted_sums.period_start
