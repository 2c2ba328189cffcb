-- Nothing is lost: every raw row is accepted, a duplicate, rejected or erased.
select
    source_table || ': ' || cast(raw_rows as {{ dbt.type_string() }}) || ' raw rows are not '
    || cast(accepted as {{ dbt.type_string() }}) || ' accepted + '
    || cast(duplicates as {{ dbt.type_string() }}) || ' duplicates + '
    || cast(rejected as {{ dbt.type_string() }}) || ' rejected + '
    || cast(erased as {{ dbt.type_string() }}) || ' erased.' as problem
from {{ ref('row_reconciliation') }}
where raw_rows <> accepted + duplicates + rejected + erased
