-- One row per metric, segment value and period whose change against the period before can be shown, with its p-value.
with estimates as (
    select
        *,
        {{ previous_period_start('period_grain', 'period_start') }} as previous_start
    from {{ ref('int_survey_estimates') }}
    where not is_suppressed
),

paired as (
    select
        estimates.metric,
        estimates.segment_dimension,
        estimates.segment_value,
        estimates.period_grain,
        estimates.period_start,
        earlier.score as previous_score,
        estimates.score - earlier.score as score_change,
        case estimates.score_kind
            when 'positive_share' then 100.0 * {{ error_of_shares(
                'estimates.positives', 'estimates.counted', 'earlier.positives', 'earlier.counted'
            ) }}
            else {{ error_of_means('estimates.standard_error', 'earlier.standard_error') }}
        end as change_error,
        -- z trusts the error of a small sample too much: the intervals shown must agree with it.
        {{ difference_bound(
            'estimates.score', 'estimates.ci_low', 'estimates.ci_high',
            'earlier.score', 'earlier.ci_low', 'earlier.ci_high', '-'
        ) }} > 0
        or {{ difference_bound(
            'estimates.score', 'estimates.ci_low', 'estimates.ci_high',
            'earlier.score', 'earlier.ci_low', 'earlier.ci_high', '+'
        ) }} < 0 as is_outside_interval
    from estimates
    inner join estimates as earlier
        on estimates.metric = earlier.metric
        and estimates.segment_dimension = earlier.segment_dimension
        and estimates.segment_value = earlier.segment_value
        and estimates.period_grain = earlier.period_grain
        and estimates.previous_start = earlier.period_start
        and earlier.counted > 0
),

tested as (
    select
        *,
        {{ two_sided_p('score_change / change_error') }} as change_p_value
    from paired
),

ranked as (
    select
        *,
        count(change_p_value) over (
            partition by metric, segment_dimension, period_grain, period_start
        ) as family_size,
        row_number() over (
            partition by metric, segment_dimension, period_grain, period_start
            order by change_p_value nulls last, segment_value
        ) as family_rank
    from tested
),

-- Rows without a p-value rank last, so that they pull nobody down.
adjusted as (
    select
        *,
        case
            when change_p_value is not null
                then {{ benjamini_hochberg('change_p_value', 'metric, segment_dimension, period_grain, period_start') }}
        end as change_p_value_adjusted
    from ranked
)

select
    metric,
    segment_dimension,
    segment_value,
    period_grain,
    period_start,
    previous_score,
    score_change,
    change_p_value,
    change_p_value_adjusted,
    coalesce(change_p_value_adjusted < 0.05 and is_outside_interval, false) as is_change_significant,
    {{ smallest_detectable_change('change_error') }} as smallest_detectable_change
from adjusted
