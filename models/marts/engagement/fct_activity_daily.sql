-- One row per customer, activity date, event type and load date: the ledger of which every engagement figure is made.
{{ config(materialized='view') }}
with ledger as (
    select * from {{ ref('int_activity_daily') }}
),

versions as (
    select * from {{ ref('engagement_versions') }}
)

select
    ledger.customer_id,
    ledger.activity_date,
    ledger.event_type,
    ledger.load_date,
    ledger.event_count,
    ledger.amount,
    ledger.duration_seconds,
    ledger.users,
    versions.build_id,
    versions.as_of_date
from ledger
inner join versions on ledger.activity_date <= versions.as_of_date
