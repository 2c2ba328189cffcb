-- One row per customer, segment profile, month and event type of some weight that the customer used while observed.
with ledger as (
    select * from {{ ref('int_activity_daily') }}
),

-- A weight of 0 says that a type is no use of the product.
weighted as (
    select * from {{ ref('int_activity_dates') }}
    where weight > 0
),

profiles as (
    select * from {{ ref('int_observed_profiles') }}
)

select distinct
    ledger.customer_id,
    profiles.profile_number,
    {{ month_start('ledger.activity_date') }} as period_start,
    ledger.event_type
from ledger
inner join weighted
    on ledger.activity_date = weighted.activity_date
    and ledger.event_type = weighted.event_type
inner join profiles
    on ledger.customer_id = profiles.customer_id
    and ledger.activity_date >= profiles.valid_from
    and ledger.activity_date <= profiles.valid_to
