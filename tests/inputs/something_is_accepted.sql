-- Without one accepted event or answer there is no day, and nothing to score.
with accepted as (
    select verdict from {{ ref('stg_events') }}
    where verdict = 'accepted'
    union all
    select verdict from {{ ref('stg_survey_answers') }}
    where verdict = 'accepted'
)

select 'No row of events or survey_answers was accepted: table rejected_rows says why.' as problem
from accepted
having count(*) = 0
