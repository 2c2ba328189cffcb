-- One row per customer, day and event type of purchases and refunds up to today: what came in, and what went back.
with ledger as (
    select * from {{ ref('int_activity_daily') }}
),

roles as (
    select * from {{ ref('event_types') }}
    where role in ('purchase', 'refund')
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- An event without an amount happened all the same.
days as (
    select
        ledger.customer_id,
        ledger.activity_date,
        ledger.event_type,
        roles.role,
        sum(ledger.event_count) as event_count,
        coalesce(sum(ledger.amount), 0) as amount
    from ledger
    inner join roles on ledger.event_type = roles.event_type
    inner join as_of on ledger.activity_date <= as_of.as_of_date
    group by ledger.customer_id, ledger.activity_date, ledger.event_type, roles.role
)

select
    customer_id,
    activity_date,
    event_type,
    role,
    cast(case when role = 'purchase' then event_count else 0 end as bigint) as purchases,
    cast(case when role = 'refund' then event_count else 0 end as bigint) as refunds,
    cast(case when role = 'purchase' then amount else 0 end as decimal(38, 6)) as gross_revenue,
    -- A refund lowers revenue, however its sign is written; when it was loaded plays no part.
    cast(case when role = 'refund' then abs(amount) else 0 end as decimal(38, 6)) as refunded
from days
