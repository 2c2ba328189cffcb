-- One row per answer in whose place a later one of the respondent counts: from which day on, and what it adds to sums.
-- A view: what each reader adds up is cheaper to find anew than to keep.
{{ config(materialized='view') }}
with followed as (
    select * from {{ ref('int_followed_answers') }}
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
