-- One row per raw event that does not count: rejected, with every reason that holds, or a copy of one loaded before.
{#- Read twice, each time what is needed: kept for both, whole rows would cost more than a second look. -#}
{%- set events = events_loaded_from('(select min(loads.copies_from) from loads)') %}
with loads as (
    select * from {{ ref('int_event_loads') }}
    where is_stale
),

-- Finding the few repeated ids first is far cheaper than a window over all rows, and numbers are cheaper than texts.
repeated as (
    select {{ digest(['event_id']) }} as id_digest
    from {{ events }} as events
    where event_id is not null
    group by id_digest
    having count(*) > 1
),

-- All that may have to be set aside, in one look at whole rows.
suspects as (
    select * from {{ events }} as events
    where is_rejected or {{ digest(['event_id']) }} in (select repeated.id_digest from repeated)
),

copies as (
    select
        *,
        row_number() over (partition by event_id order by load_time, row_number) as copy_number
    from suspects
    where not is_rejected
),

-- An id that comes again years later for another event is no copy; the same event delivered again is one, however late.
compared as (
    select
        *,
        least(
            min(copy_number) over (partition by event_id, occurred_at),
            min(copy_number) over (
                partition by event_id
                order by {{ days_between("cast('2000-01-01' as date)", 'load_date') }}
                range between {{ dedup_lookback_days() }} preceding and current row
            )
        ) as first_copy_number
    from copies
),

later_copies as (
    select
        later.*,
        earlier.row_number is not null
        {%- for column in [
            'customer_id', 'event_type', 'occurred_at', 'user_id', 'session_id', 'channel', 'amount', 'duration_seconds',
            'properties'
        ] %}
        and coalesce(
            later.{{ column }} = earlier.{{ column }}, later.{{ column }} is null and earlier.{{ column }} is null
        )
        {%- endfor %} as is_same
    from compared as later
    inner join copies as earlier
        on later.event_id = earlier.event_id
        and later.first_copy_number = earlier.copy_number
    where later.copy_number > later.first_copy_number
),

set_aside as (
    select
        load_date,
        row_number,
        event_id,
        'rejected' as verdict,
        own_reasons as reject_reasons,
        raw_row
    from suspects
    where is_rejected
    union all
    select
        load_date,
        row_number,
        event_id,
        case when is_same then 'duplicate' else 'rejected' end as verdict,
        case when is_same then '' else 'conflicting_duplicate' end as reject_reasons,
        raw_row
    from later_copies
)

select
    load_date,
    row_number,
    event_id,
    verdict,
    reject_reasons,
    case when verdict = 'rejected' then {{ row_as_text('raw_row') }} end as raw_row
from set_aside
where load_date in (select loads.load_date from loads)
