-- Two versions with one id and time and different content: neither can be believed.
select
    'customers: ' || row_id || ' has two versions with the same updated_at and different content (row '
    || cast(row_number as {{ dbt.type_string() }}) || '): correct one, or give it its own time.' as problem
from {{ ref('rejected_rows') }}
where source_table = 'customers' and reason = 'conflicting_duplicate'
