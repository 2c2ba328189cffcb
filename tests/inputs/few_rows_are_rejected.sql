-- A table of which much is unreadable is the wrong table, or a right one in the wrong form.
{%- set limit = max_rejected_share() %}
with reasons as (
    select
        source_table,
        reason,
        count(*) as rejected,
        row_number() over (partition by source_table order by count(*) desc, reason) as frequency_rank
    from {{ ref('rejected_rows') }}
    group by source_table, reason
)

select
    reconciliation.source_table || ': ' || cast(reconciliation.rejected as {{ dbt.type_string() }}) || ' of '
    || cast(reconciliation.raw_rows as {{ dbt.type_string() }})
    || ' rows were rejected, more than the allowed share of {{ limit }}; '
    || 'most often for ' || reasons.reason || ' (' || cast(reasons.rejected as {{ dbt.type_string() }}) || '). '
    || 'The rows are in the work database, table rejected_rows. Mend them, or raise max_rejected_share.' as problem
from {{ ref('row_reconciliation') }} as reconciliation
inner join reasons
    on reconciliation.source_table = reasons.source_table
    and reasons.frequency_rank = 1
where reconciliation.rejected > {{ limit }} * reconciliation.raw_rows
