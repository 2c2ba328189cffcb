-- One row per metric, profile of segments, day and shortest period in which later answers supersede: sums of answers.
with answers as (
    select * from {{ ref('int_answers') }}
)

select
    answers.metric,
    answers.profile_number,
    answers.period_date,
    answers.superseded_within,
    {{ survey_sums('answers') }}
from answers
group by answers.metric, answers.profile_number, answers.period_date, answers.superseded_within
