-- One row per visitor, load date, activity date and run of events without a long pause: a fragment of a visit.
with {{ counting_events('int_visit_loads') }},

events_as_pieces as (
    select
        customer_id,
        user_id,
        load_date,
        {{ reporting_date('occurred_at') }} as activity_date,
        occurred_at as first_at,
        occurred_at as last_at,
        1 as event_count
    from counting
)

-- What is loaded on another day may join two fragments, but never part one.
select * from {{ joined_pieces('events_as_pieces', ['customer_id', 'user_id', 'load_date', 'activity_date']) }} as joined
