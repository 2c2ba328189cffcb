-- A trigger that stands there twice would count each interaction twice; an empty one would find none.
select
    'survey_triggers.csv: touchpoint ' || coalesce(touchpoint, '(empty)') || ' with event type '
    || coalesce(event_type, '(empty)') || ' must be filled and stand there once.' as problem
from {{ ref('survey_triggers') }}
group by touchpoint, event_type
having count(*) > 1 or touchpoint is null or event_type is null
