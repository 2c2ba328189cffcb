-- One row per survey metric: its score over all time and all customers.
select
    metric,
    score,
    ci_low,
    ci_high,
    counted as answers
from survey_scores
where
    segment_dimension = 'all'
    and segment_value = 'all'
    and period_grain = 'all'
order by metric
