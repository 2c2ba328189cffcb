-- One row per customer and month with an event: the last day of it that has one.
with ledger as (
    select * from {{ ref('int_activity_daily') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
)

select
    ledger.customer_id,
    {{ month_start('ledger.activity_date') }} as period_start,
    max(ledger.activity_date) as last_active_date
from ledger
inner join as_of on ledger.activity_date <= as_of.as_of_date
group by ledger.customer_id, {{ month_start('ledger.activity_date') }}
