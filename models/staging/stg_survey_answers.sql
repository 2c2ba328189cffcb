-- One row per raw survey answer or unanswered question, judged: accepted, a duplicate, or rejected with every
-- reason that holds.
with raw_answers as (
    select * from {{ source('raw', 'survey_answers') }}
),

questions as (
    select * from {{ ref('survey_questions') }}
),

typed as (
    select
        row_number,
        {{ clean_text('answer_id') }} as answer_id,
        {{ clean_text('customer_id') }} as customer_id,
        {{ clean_text('respondent_id') }} as respondent_id,
        {{ clean_text('question') }} as question,
        {{ clean_text('language') }} as language,
        {{ clean_text('channel') }} as channel,
        {{ clean_text('touchpoint') }} as touchpoint,
        {{ clean_text('comment') }} as comment,
        {{ parse_whole_number('score') }} as score,
        {{ is_given('score') }} as has_score,
        {{ is_given('sent_at') }} as has_sent_at,
        {{ is_given('answered_at') }} as has_answered_at,
        {{ is_given('loaded_at') }} as has_loaded_at,
        {{ parse_timestamp('sent_at') }} as sent_at,
        {{ parse_timestamp('answered_at') }} as answered_at,
        {{ parse_timestamp('loaded_at') }} as loaded_at,
        raw_row
    from raw_answers
),

-- Left join: an unknown question is a reason to reject a row, not to lose it.
with_scale as (
    select
        typed.*,
        questions.scale_min,
        questions.scale_max,
        questions.question is not null as is_known_question
    from typed
    left join questions on typed.question = questions.question
),

reasoned as (
    select
        *,
        coalesce(loaded_at, answered_at, sent_at) as load_time,
        {{ reject_reasons([
            ['missing_answer_id', 'answer_id is null'],
            ['missing_customer_id', 'customer_id is null'],
            ['missing_question', 'question is null'],
            ['unknown_question', 'question is not null and not is_known_question'],
            ['unparsable_sent_at', 'has_sent_at and sent_at is null'],
            ['unparsable_answered_at', 'has_answered_at and answered_at is null'],
            ['missing_sent_at', 'not has_sent_at and not has_answered_at'],
            ['missing_answered_at', 'has_score and not has_answered_at'],
            ['implausible_time', is_implausible('sent_at') ~ ' or ' ~ is_implausible('answered_at')
                ~ ' or ' ~ is_implausible('loaded_at')],
            ['unparsable_loaded_at', 'has_loaded_at and loaded_at is null'],
            ['future', is_future('sent_at') ~ ' or ' ~ is_future('answered_at')],
            ['answered_before_sent', 'answered_at < sent_at'],
            ['invalid_score', 'has_score and score is null'],
            ['score_out_of_scale', 'score < scale_min or score > scale_max'],
        ]) }} as own_reasons
    from with_scale
),

{{ judge(
    id=['answer_id'],
    content=[
        'customer_id', 'respondent_id', 'question', 'sent_at', 'answered_at', 'score', 'comment', 'language', 'channel',
        'touchpoint'
    ]
) }}

select
    row_number,
    answer_id,
    customer_id,
    respondent_id,
    question,
    language,
    channel,
    touchpoint,
    comment,
    score,
    sent_at,
    answered_at,
    load_time as loaded_at,
    verdict,
    reject_reasons,
    case when verdict = 'rejected' then {{ row_as_text('raw_row') }} end as raw_row
from judged
