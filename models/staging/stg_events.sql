-- One row per raw event, typed, with every reason for which it is rejected whatever the other rows are.
{#-
  A view: the events are read where they lie, by the models that aggregate them. What they tell together (which are copies of
  one another) is judged in int_events_set_aside.
-#}
{{ config(materialized='view') }}
{%- set rules = [
    ['missing_event_id', 'event_id is null'],
    ['missing_customer_id', 'customer_id is null'],
    ['missing_event_type', 'event_type is null'],
    ['missing_occurred_at', 'not has_occurred_at'],
    ['unparsable_occurred_at', 'has_occurred_at and occurred_at is null'],
    ['implausible_time', is_implausible('occurred_at') ~ ' or ' ~ is_implausible('loaded_at')],
    ['unparsable_loaded_at', 'has_loaded_at and loaded_at is null'],
    ['future', is_future('occurred_at')],
    ['invalid_amount', 'has_amount and amount is null'],
    ['invalid_duration', 'has_duration_seconds and duration_seconds is null'],
    ['negative_duration', 'duration_seconds < 0'],
] %}
with raw_events as (
    select * from {{ source('raw', 'events') }}
),

typed as (
    select
        row_number,
        row_digest,
        {{ clean_text('event_id') }} as event_id,
        {{ clean_text('customer_id') }} as customer_id,
        {{ clean_text('event_type') }} as event_type,
        {{ clean_text('user_id') }} as user_id,
        {{ clean_text('session_id') }} as session_id,
        {{ clean_text('channel') }} as channel,
        {{ clean_text('properties') }} as whole_properties,
        {{ parse_decimal('amount') }} as amount,
        {{ parse_decimal('duration_seconds') }} as duration_seconds,
        {{ is_given('amount') }} as has_amount,
        {{ is_given('duration_seconds') }} as has_duration_seconds,
        {{ is_given('occurred_at') }} as has_occurred_at,
        {{ is_given('loaded_at') }} as has_loaded_at,
        {{ parse_timestamp('occurred_at') }} as occurred_at,
        {{ parse_timestamp('loaded_at') }} as loaded_at,
        raw_row
    from raw_events
)

select
    row_number,
    row_digest,
    event_id,
    customer_id,
    user_id,
    session_id,
    event_type,
    channel,
    {{ truncated_text('whole_properties') }} as properties,
    amount,
    duration_seconds,
    occurred_at,
    loaded_at,
    {{ load_time() }} as load_time,
    {{ load_date() }} as load_date,
    coalesce(length(whole_properties) > {{ longest_text() }}, false) as is_properties_truncated,
    {{ has_reason(rules) }} as is_rejected,
    {{ reject_reasons(rules) }} as own_reasons,
    raw_row
from typed
