-- Promoters, passives and detractors are the counted answers; the interval holds the score; a hidden cell shows
-- only its size.
select *
from {{ ref('survey_scores') }}
where
    (not is_suppressed and positives + neutrals + negatives <> counted)
    or (
        is_suppressed
        and coalesce(
            positives, neutrals, negatives, mean_score, score, ci_low, ci_high, previous_score, score_change,
            change_p_value, change_p_value_adjusted, smallest_detectable_change, distance_from_benchmark,
            distance_from_target
        ) is not null
    )
    or (
        is_suppressed
        and band is not null
    )
    or (score is null) <> (is_suppressed or counted = 0)
    or counted > answered
    or score < ci_low - 1e-9
    or score > ci_high + 1e-9
    or (counted between 1 and {{ min_answers() }} - 1 and not is_suppressed)
