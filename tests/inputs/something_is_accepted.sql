-- Without one accepted event or answer there is no day, and nothing to score.
select 'No row of events or survey_answers was accepted: table rejected_rows says why.' as problem
from {{ ref('row_reconciliation') }}
where source_table in ('events', 'survey_answers')
having sum(accepted) = 0
