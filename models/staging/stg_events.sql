-- One row per raw event, judged: accepted, a duplicate, or rejected with every reason that holds.
with raw_events as (
    select * from {{ source('raw', 'events') }}
),

typed as (
    select
        row_number,
        {{ clean_text('event_id') }} as event_id,
        {{ clean_text('customer_id') }} as customer_id,
        {{ clean_text('event_type') }} as event_type,
        {{ clean_text('user_id') }} as user_id,
        {{ clean_text('session_id') }} as session_id,
        {{ clean_text('channel') }} as channel,
        {{ clean_text('properties') }} as properties,
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
),

reasoned as (
    select
        *,
        coalesce(loaded_at, occurred_at) as load_time,
        {{ reject_reasons([
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
        ]) }} as own_reasons
    from typed
),

{{ judge(
    id=['event_id'],
    content=[
        'customer_id', 'event_type', 'occurred_at', 'user_id', 'session_id', 'channel', 'amount', 'duration_seconds',
        'properties'
    ]
) }}

select
    row_number,
    event_id,
    customer_id,
    user_id,
    session_id,
    event_type,
    channel,
    amount,
    duration_seconds,
    occurred_at,
    load_time as loaded_at,
    verdict,
    reject_reasons,
    case when verdict = 'rejected' then raw_row end as raw_row
from judged
