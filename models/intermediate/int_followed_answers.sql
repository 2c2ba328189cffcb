-- One row per answer in whose place a later one of the respondent counts, and from which day on.
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
            partition by profiles.customer_number, answers.respondent_id, answers.metric
            order by answers.answered_at, answers.answer_id
        ) as superseded_date,
        answers.is_positive,
        answers.is_negative,
        answers.score
    from answers
    -- The segments on the day of the answer: a later change of plan does not rewrite the past.
    inner join profiles
        on answers.customer_id = profiles.customer_id
        and {{ holds_on('profiles', 'answers.period_date') }}
)

select * from followed
where superseded_date is not null
