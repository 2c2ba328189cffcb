-- One row per published figure of the data set, beside what the marts say.
with events as (
    select
        raw_rows,
        accepted,
        rejected
    from row_reconciliation
    where source_table = 'events'
)

select
    'invoice lines' as figure,
    '541,909' as published,
    format('{:,}', cast(raw_rows as bigint)) as found
from events
union all
select
    'lines with a customer',
    '406,829',
    format('{:,}', cast(accepted as bigint))
from events
union all
select
    'lines without a customer, rejected',
    '135,080',
    format('{:,}', cast(rejected as bigint))
from events
union all
select
    'customers',
    '4,372',
    format('{:,}', count(*))
from dim_customers
