-- One row per segment value: whether its NPS differs from everybody else's, adjusted for the number of comparisons.
-- One family per dimension: of twenty values one would differ "significantly" by chance. Everybody else is the total
-- less the value, so that the two samples share no answer.
with scores as (
    select * from {{ ref('survey_scores') }}
    where metric = 'nps' and period_grain = 'all' and not is_suppressed
),

everybody as (
    select * from scores
    where segment_dimension = 'all'
),

counts as (
    select
        scores.segment_dimension,
        scores.segment_value,
        scores.positives,
        scores.negatives,
        scores.counted,
        everybody.positives - scores.positives as other_positives,
        everybody.negatives - scores.negatives as other_negatives,
        everybody.counted - scores.counted as other_counted
    from scores
    cross join everybody
    where scores.segment_dimension <> 'all' and everybody.counted > scores.counted
),

estimated as (
    select
        *,
        {{ nps('positives', 'negatives', 'counted') }} as nps,
        {{ nps('other_positives', 'other_negatives', 'other_counted') }} as other_nps,
        {{ nps_standard_error('positives', 'negatives', 'counted') }} as standard_error,
        {{ nps_standard_error('other_positives', 'other_negatives', 'other_counted') }} as other_standard_error
    from counts
),

tested as (
    select
        *,
        {{ z_of_means('nps', 'standard_error', 'other_nps', 'other_standard_error') }} as z
    from estimated
),

-- Rows without a p-value rank last, so that they pull nobody down.
ranked as (
    select
        *,
        {{ two_sided_p('z') }} as p_value,
        count(z) over (partition by segment_dimension) as family_size,
        row_number() over (partition by segment_dimension order by -abs(z) nulls last, segment_value) as family_rank
    from tested
)

select
    segment_dimension,
    segment_value,
    counted,
    nps,
    other_nps,
    z,
    p_value,
    case when p_value is not null then {{ benjamini_hochberg('p_value', 'segment_dimension') }} end as p_value_adjusted
from ranked
order by segment_dimension, p_value_adjusted, segment_value
