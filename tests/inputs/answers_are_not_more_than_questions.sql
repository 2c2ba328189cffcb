-- A response rate above 100 % means that questions were not delivered.
select
    'survey_answers: ' || metric || ' has '
    || cast(sum(cast(is_answered as integer)) as {{ dbt.type_string() }}) || ' answers to '
    || cast(sum(cast(is_asked as integer)) as {{ dbt.type_string() }})
    || ' questions asked: deliver sent_at for each question.' as problem
from {{ ref('int_answers') }}
group by metric
having sum(cast(is_answered as integer)) > sum(cast(is_asked as integer))
