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

-- One line of the ledger after the other, since lines are what can be told apart: a refund lowers revenue, however its
-- sign is written. An event without an amount happened all the same.
lines as (
    select
        ledger.customer_id,
        ledger.activity_date,
        ledger.event_type,
        roles.role,
        case when roles.role = 'purchase' then ledger.event_count else 0 end as purchases,
        case when roles.role = 'refund' then ledger.event_count else 0 end as refunds,
        case when roles.role = 'purchase' then coalesce(ledger.amount, 0) else 0 end as gross_revenue,
        case when roles.role = 'refund' then abs(coalesce(ledger.amount, 0)) else 0 end as refunded
    from ledger
    inner join roles on ledger.event_type = roles.event_type
    inner join as_of on ledger.activity_date <= as_of.as_of_date
)

select
    customer_id,
    activity_date,
    event_type,
    role,
    cast(sum(purchases) as bigint) as purchases,
    cast(sum(refunds) as bigint) as refunds,
    cast(sum(gross_revenue) as decimal(38, 6)) as gross_revenue,
    cast(sum(refunded) as decimal(38, 6)) as refunded
from lines
group by customer_id, activity_date, event_type, role
