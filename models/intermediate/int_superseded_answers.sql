-- One row per answer in whose place a later one of the respondent counts: from which day on, and what it adds to sums.
with answers as (
    select * from {{ ref('int_dated_answers') }}
    where is_answered and counting = 'latest_per_respondent'
),

profiles as (
    select * from {{ ref('int_segment_profiles') }}
),

-- Customers by number: it is sorted faster than text.
followed as (
    select
        answers.row_number,
        answers.metric,
        profiles.profile_number,
        answers.period_date,
        lead(answers.period_date) over (
            partition by profiles.customer_number, coalesce(answers.respondent_id, ''), answers.metric
            order by answers.answered_at, answers.answer_id
        ) as superseded_date,
        answers.is_positive,
        answers.is_negative,
        answers.score
    from answers
    -- The segments on the day of the answer: a later change of plan does not rewrite the past.
    inner join profiles
        on answers.customer_id = profiles.customer_id
        and answers.period_date >= profiles.valid_from
        and answers.period_date <= coalesce(profiles.valid_to, answers.period_date)
)

select
    row_number,
    metric,
    profile_number,
    period_date,
    superseded_date,
    {{ superseded_within('period_date', 'superseded_date') }} as superseded_within,
    1 as counted,
    case when is_positive then 1 else 0 end as positives,
    case when is_positive or is_negative then 0 else 1 end as neutrals,
    case when is_negative then 1 else 0 end as negatives,
    cast(score as bigint) as score_total,
    cast(score as bigint) * score as score_square_total
from followed
where superseded_date is not null
