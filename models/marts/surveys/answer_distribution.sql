-- One row per question and score given: how many accepted answers gave it, over all time.
with answers as (
    select * from {{ ref('int_answers') }}
    where is_answered
)

select
    question,
    metric,
    score,
    count(*) as answers,
    cast(count(*) as {{ type_double() }}) / sum(count(*)) over (partition by question) as share,
    {{ build_columns() }}
from answers
group by question, metric, score
