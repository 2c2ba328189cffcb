-- Nobody answers more than was asked: above 100 %, answers would be counted where their question is not.
select *
from {{ ref('survey_response') }}
where
    answered > asked
    or asked + answered_unasked = 0
    or (response_rate is null) <> (is_suppressed or asked = 0)
    or response_rate not between 0 and 1
    or response_rate < ci_low - 1e-9
    or response_rate > ci_high + 1e-9
    or (asked between 1 and {{ min_answers() }} - 1) <> is_suppressed
    or (is_suppressed and coalesce(response_rate, ci_low, ci_high, median_hours_to_answer) is not null)
