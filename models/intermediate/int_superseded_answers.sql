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

select
    followed.row_number,
    followed.metric,
    followed.profile_number,
    followed.period_date,
    followed.superseded_date,
    {{ superseded_within('followed.period_date', 'followed.superseded_date') }} as superseded_within,
    1 as counted,
    {%- for column, is_one in answer_classes('followed').items() %}
    case when {{ is_one }} then 1 else 0 end as {{ column }},
    {%- endfor %}
    cast(followed.score as bigint) as score_total,
    cast(followed.score as bigint) * followed.score as score_square_total
from followed
where followed.superseded_date is not null
