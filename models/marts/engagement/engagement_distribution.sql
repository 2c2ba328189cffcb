-- One row per score date and bin of ten score points: the customers in it, and on each row the shape of the whole.
with distribution as (
    select * from {{ ref('int_score_distribution') }}
)

select
    score_date,
    score_bin,
    customers,
    share,
    mean_score,
    sd_score,
    skewness,
    {{ build_columns() }}
from distribution
