-- One row per raw row that was rejected, kept whole, with the first reason and all of them.
{%- set tables = {
    'events': ['event_id', 'int_events_set_aside'],
    'survey_answers': ['answer_id', 'stg_survey_answers'],
    'customers': ['customer_id', 'stg_customers']
} %}
with rejected as (
    {%- for table, (id, model) in tables.items() %}
    select
        '{{ table }}' as source_table,
        row_number,
        {{ id }} as row_id,
        reject_reasons,
        raw_row
    from {{ ref(model) }}
    where verdict = 'rejected'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    source_table,
    row_number,
    row_id,
    split_part(reject_reasons, ',', 1) as reason,
    reject_reasons as reasons,
    raw_row
from rejected
