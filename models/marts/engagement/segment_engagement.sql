-- One row per segment dimension, value and score date: how engaged the customers are who were in the segment on that
-- date.
with scores as (
    select * from {{ ref('int_segment_scores') }}
)

select
    segment_dimension,
    segment_value,
    score_date,
    customers,
    scored_customers,
    mean_score,
    p10_score,
    median_score,
    p90_score,
    at_risk_customers,
    low_customers,
    medium_customers,
    high_customers,
    {{ build_columns() }}
from scores
