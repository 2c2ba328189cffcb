-- One row per accepted question put to somebody by the as-of date, with its metric, the day that places it in a period,
-- and the day from which a later answer counts in its place.
{{ config(materialized='view') }}
with answers as (
    select * from {{ ref('int_dated_answers') }}
),

superseded as (
    select * from {{ ref('int_superseded_answers') }}
)

select
    answers.*,
    superseded.superseded_date,
    superseded.superseded_within
from answers
left join superseded on answers.row_number = superseded.row_number
