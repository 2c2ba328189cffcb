-- The ledger counts each accepted event once, and what is published of it each that happened by today.
with events as (
    select {{ reporting_date('stg_events.occurred_at') }} <= as_of.as_of_date as has_happened
    from {{ ref('stg_events') }} as stg_events
    cross join {{ ref('int_as_of') }} as as_of
    where stg_events.verdict = 'accepted'
),

counts as (
    select
        (select count(*) from events) as accepted,
        (select sum(cast(events.has_happened as integer)) from events) as happened,
        (select coalesce(sum(ledger.event_count), 0) from {{ ref('int_activity_daily') }} as ledger) as in_ledger,
        (select coalesce(sum(published.event_count), 0) from {{ ref('fct_activity_daily') }} as published) as published
)

select * from counts
where accepted <> in_ledger or happened <> published
