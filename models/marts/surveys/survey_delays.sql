-- One row per metric, touchpoint and delay class: whether surveys that come late are answered less, or otherwise.
with estimates as (
    select * from {{ ref('int_delay_estimates') }}
),

paired as (
    select
        estimates.*,
        estimates.score - timely.score as score_difference,
        case estimates.score_kind
            when 'positive_share' then {{ z_of_shares(
                'estimates.positives', 'estimates.counted', 'timely.positives', 'timely.counted'
            ) }}
            else {{ z_of_means(
                'estimates.score', 'estimates.standard_error', 'timely.score', 'timely.standard_error'
            ) }}
        end as z,
        -- As in survey_scores: the intervals shown must agree with z.
        {{ difference_bound(
            'estimates.score', 'estimates.ci_low', 'estimates.ci_high', 'timely.score', 'timely.ci_low', 'timely.ci_high', '-'
        ) }} > 0
        or {{ difference_bound(
            'estimates.score', 'estimates.ci_low', 'estimates.ci_high', 'timely.score', 'timely.ci_low', 'timely.ci_high', '+'
        ) }} < 0 as is_outside_interval
    from estimates
    left join estimates as timely
        on estimates.metric = timely.metric
        and estimates.touchpoint = timely.touchpoint
        and timely.delay_class = 'timely'
        and estimates.delay_class = 'late'
        and not timely.is_suppressed
        and not estimates.is_suppressed
),

-- The greater z, the smaller p; rows without one rank last, so that they pull nobody down.
ranked as (
    select
        *,
        {{ two_sided_p('z') }} as difference_p_value,
        count(z) over (partition by metric) as family_size,
        row_number() over (partition by metric order by -abs(z) nulls last, touchpoint, delay_class) as family_rank
    from paired
),

adjusted as (
    select
        *,
        case
            when z is not null then {{ benjamini_hochberg('difference_p_value', 'metric') }}
        end as difference_p_value_adjusted
    from ranked
)

select
    metric,
    touchpoint,
    delay_class,
    asked,
    answered,
    case when asked >= {{ min_answers() }} then {{ ratio('answered', 'asked') }} end as response_rate,
    case when asked >= {{ min_answers() }} then median_hours_to_survey end as median_hours_to_survey,
    counted,
    case when not is_suppressed then score end as score,
    case when not is_suppressed then ci_low end as ci_low,
    case when not is_suppressed then ci_high end as ci_high,
    score_difference,
    difference_p_value,
    difference_p_value_adjusted,
    coalesce(difference_p_value_adjusted < 0.05 and is_outside_interval, false) as is_difference_significant,
    is_suppressed,
    {{ build_columns() }}
from adjusted
