-- Not an error: somebody may answer unasked. But where all do, sent_at was not delivered.
{{ config(severity='warn') }}
select
    'survey_answers: ' || cast(count(*) as {{ dbt.type_string() }}) || ' answers to ' || metric
    || ' tell no sent_at: they count as given unasked.' as problem
from {{ ref('int_answers') }}
where is_answered and not is_asked
group by metric
