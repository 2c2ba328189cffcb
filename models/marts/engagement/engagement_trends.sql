-- One row per customer and score date: whether the points of up to eight windows, end to end, rise or fall.
{{ config(materialized='view') }}
{#- A view: eight windows for each customer and date are not stored, and a filter on customer or date reaches them. -#}
with trends as (
    select * from {{ trends_of(ref('fct_engagement_scores')) }} as trends
)

select
    customer_id,
    score_date,
    windows,
    kendall_s,
    kendall_tau,
    p_value,
    trend,
    build_id,
    as_of_date
from trends
