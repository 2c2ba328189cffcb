-- One row per comment known by the as-of date: what was written, and the folded text in which themes are looked for.
with answers as (
    select * from {{ ref('int_answers') }}
),

accepted as (
    select * from {{ ref('stg_survey_answers') }}
    where verdict = 'accepted'
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- What is written tomorrow is not there today, though the question is. Without a score it may have no time of its own.
known as (
    select
        answers.*,
        accepted.comment
    from answers
    inner join accepted on answers.answer_id = accepted.answer_id
    cross join as_of
    where
        accepted.comment is not null
        and (accepted.answered_at is null or {{ reporting_date('accepted.answered_at') }} <= as_of.as_of_date)
),

folded as (
    select
        *,
        {{ fold_text(searched_text('comment')) }} as folded_text
    from known
)

select
    answer_id,
    customer_id,
    respondent_id,
    question,
    metric,
    touchpoint,
    channel,
    language,
    -- en-GB and EN are en.
    lower(split_part(replace(language, '_', '-'), '-', 1)) as language_code,
    is_answered,
    score,
    is_positive,
    is_negative,
    period_date,
    comment,
    folded_text,
    -- Folding may change the length of a text in rare scripts; then a place in the one is no place in the other.
    length(folded_text) = length({{ searched_text('comment') }}) + 2 as is_position_kept
from folded
