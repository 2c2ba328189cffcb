-- Over all time, what was answered is what was asked and answered, and what came unasked: nobody drops out.
with response as (
    select * from {{ ref('survey_response') }}
    where response_dimension = 'all' and period_grain = 'all'
),

scores as (
    select * from {{ ref('survey_scores') }}
    where segment_dimension = 'all' and period_grain = 'all'
)

select
    coalesce(response.metric, scores.metric) as metric,
    response.asked,
    response.answered,
    response.answered_unasked,
    scores.asked as scores_asked,
    scores.answered as scores_answered
from response
full outer join scores on response.metric = scores.metric
where
    response.asked is distinct from scores.asked
    or response.answered + response.answered_unasked is distinct from scores.answered
