-- A table of which much is unreadable is the wrong table, or a right one in the wrong form.
{%- set limit = setting_number('max_rejected_share', 0, 1) %}
select
    source_table || ': ' || cast(rejected as varchar) || ' of ' || cast(raw_rows as varchar)
    || ' rows were rejected, more than the allowed share of {{ limit }}: '
    || 'see rejected_rows for the reasons, or raise max_rejected_share.' as problem
from {{ ref('row_reconciliation') }}
where rejected > {{ limit }} * raw_rows
