-- One row per activity date and event type: its events over all customers, the weight of that day, and a digest of the
-- ledger lines.
with ledger as (
    select * from {{ ref('int_activity_daily') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

weights as (
    select * from {{ ref('event_weights') }}
),

activity as (
    select
        ledger.activity_date,
        ledger.event_type,
        cast(sum(ledger.event_count) as bigint) as event_count,
        {{ digest_of_rows(digest([
            'ledger.customer_id', 'ledger.load_date', 'ledger.event_count', 'ledger.account_events'
        ])) }} as lines_digest
    from ledger
    inner join as_of on ledger.activity_date <= as_of.as_of_date
    group by ledger.activity_date, ledger.event_type
)

-- Left join: a type without a weight earns nothing, but it happened.
select
    activity.*,
    weights.weight
from activity
left join weights on {{ weight_in_force('weights', 'activity') }}
