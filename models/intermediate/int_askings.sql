-- One row per accepted question put to somebody, or answered without: the day that it stands under as an asking.
with answers as (
    select * from {{ ref('int_answers') }}
    -- A comment alone is neither asked nor answered.
    where is_asked or is_answered
)

select
    answer_id,
    customer_id,
    -- A null would join nothing; a real id is never empty.
    coalesce(respondent_id, '') as respondent_id,
    metric,
    coalesce(channel, 'unknown') as channel,
    coalesce(touchpoint, 'unknown') as touchpoint,
    sent_at,
    -- What is asked in May and answered in June is a response to the asking of May.
    case when is_asked then {{ reporting_date('sent_at') }} else period_date end as survey_date,
    is_asked,
    is_asked and is_answered as is_response,
    not is_asked as is_unasked,
    {{ hours_between('sent_at', 'answered_at') }} as hours_to_answer
from answers
