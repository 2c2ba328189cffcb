-- Nothing is lost: every raw row is accepted, a duplicate, rejected or erased.
select
    source_table || ': ' || cast(raw_rows as varchar) || ' raw rows are not '
    || cast(accepted as varchar) || ' accepted + '
    || cast(duplicates as varchar) || ' duplicates + ' || cast(rejected as varchar) || ' rejected + '
    || cast(erased as varchar) || ' erased.' as problem
from {{ ref('row_reconciliation') }}
where raw_rows <> accepted + duplicates + rejected + erased
