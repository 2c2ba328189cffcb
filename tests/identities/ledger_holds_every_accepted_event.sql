-- The mirror of row_reconciliation, by load date: what the raw files hold is in the ledger or set aside, no row twice.
with loads as (
    select * from {{ ref('int_event_loads') }}
),

kept as (
    select
        load_date,
        sum(event_count) as kept_rows
    from {{ ref('int_activity_daily') }}
    group by load_date
),

set_aside as (
    select
        load_date,
        count(*) as rows_set_aside
    from {{ ref('int_events_set_aside') }}
    group by load_date
)

select
    coalesce(loads.load_date, kept.load_date, set_aside.load_date) as load_date,
    loads.raw_rows,
    kept.kept_rows,
    set_aside.rows_set_aside
from loads
full outer join kept on loads.load_date = kept.load_date
full outer join set_aside on coalesce(loads.load_date, kept.load_date) = set_aside.load_date
where coalesce(loads.raw_rows, 0) <> coalesce(kept.kept_rows, 0) + coalesce(set_aside.rows_set_aside, 0)
