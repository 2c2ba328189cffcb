-- One row per load date of raw events: a digest of all rows that decide what becomes of them, and whether it has
-- changed.
{%- set kept_in = ['int_events_set_aside', 'int_user_days', 'int_activity_daily'] %}
with events as (
    select * from {{ ref('stg_events') }}
),

loads as (
    select
        load_date,
        count(*) as raw_rows,
        count(loaded_at) as rows_with_load_time,
        {{ last_by_now('load_time') }} as last_loaded_at,
        {{ digest_of_rows('row_digest') }} as rows_digest,
        min(
            case when not {{ is_implausible('occurred_at') }} then {{ reporting_date('occurred_at') }} end
        ) as first_occurred
    from events
    group by load_date
),

-- A copy tells the same time, hence cannot have been loaded before that; or it was loaded within the lookback.
reaching as (
    select
        *,
        least(
            {{ add_days('load_date', -dedup_lookback_days()) }},
            coalesce({{ add_days('first_occurred', -1) }}, load_date)
        ) as copies_from,
        sum(rows_with_load_time) over () > 0 as has_load_times
    from loads
),

digests as (
    select
        reaching.load_date,
        reaching.raw_rows,
        reaching.copies_from,
        reaching.has_load_times,
        reaching.last_loaded_at,
        -- Without load times what came late cannot be told from what was there: then all is done anew.
        {{ digest([
            digest_of_rows('deciding.rows_digest'),
            "'" ~ reporting_timezone() ~ "'",
            dedup_lookback_days(),
            "case when not reaching.has_load_times then '" ~ build_id() ~ "' end",
        ]) }} as digest
    from reaching
    inner join loads as deciding
        on reaching.copies_from <= deciding.load_date
        and reaching.load_date >= deciding.load_date
    group by
        reaching.load_date, reaching.raw_rows, reaching.copies_from, reaching.has_load_times, reaching.last_loaded_at
),

kept as (
    {%- for model in kept_in %}
    select * from {{ kept_digests(model, 'load_date') }} as {{ model }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Up to date is what each of these models holds as it should be.
up_to_date as (
    select
        load_date,
        digest
    from kept
    group by load_date, digest
    having count(*) = {{ kept_in | length }}
)

select
    digests.load_date,
    digests.raw_rows,
    digests.copies_from,
    digests.has_load_times,
    digests.last_loaded_at,
    digests.digest,
    up_to_date.digest is null as is_stale
from digests
left join up_to_date
    on digests.load_date = up_to_date.load_date
    and digests.digest = up_to_date.digest
