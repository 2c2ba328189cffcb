-- One row per metric, profile of segments, day and shortest period in which later answers supersede: sums of answers.
with answers as (
    select * from {{ ref('int_answers') }}
),

profiles as (
    select * from {{ ref('int_segment_profiles') }}
)

select
    answers.metric,
    profiles.profile_number,
    answers.period_date,
    answers.superseded_within,
    {{ survey_sums('answers') }}
from answers
-- The segments on the day of the answer: a later change of plan does not rewrite the past.
inner join profiles
    on answers.customer_id = profiles.customer_id
    and answers.period_date >= profiles.valid_from
    and answers.period_date <= coalesce(profiles.valid_to, answers.period_date)
group by answers.metric, profiles.profile_number, answers.period_date, answers.superseded_within
