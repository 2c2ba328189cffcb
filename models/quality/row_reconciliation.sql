-- One row per raw table: how many rows came, and what became of them.
with ledger as (
    select * from {{ ref('int_activity_daily') }}
),

set_aside as (
    select * from {{ ref('int_events_set_aside') }}
),

event_loads as (
    select * from {{ ref('int_event_loads') }}
),

-- Accepted events are those that the ledger counts, so that what is lost on the way there shows as well.
judged as (
    select
        'events' as source_table,
        (select cast(coalesce(sum(ledger.event_count), 0) as bigint) from ledger) as accepted,
        count(*) as duplicates,
        (select max(event_loads.last_loaded_at) from event_loads) as last_loaded_at
    from set_aside
    where verdict = 'duplicate'
    {%- for table, load_time in {'survey_answers': 'loaded_at', 'customers': 'updated_at'}.items() %}
    union all
    select
        '{{ table }}' as source_table,
        count(case when verdict = 'accepted' then 1 end) as accepted,
        count(case when verdict = 'duplicate' then 1 end) as duplicates,
        {{ last_by_now(load_time) }} as last_loaded_at
    from {{ ref('stg_' ~ table) }}
    {%- endfor %}
),

-- Counted apart, as delivered and among the rejected rows: a row that a model lost must show.
raw_counts as (
    {%- for table in ['events', 'survey_answers', 'customers'] %}
    select
        '{{ table }}' as source_table,
        count(*) as raw_rows
    from {{ source('delivered', table) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

rejected as (
    select
        source_table,
        count(*) as rejected
    from {{ ref('rejected_rows') }}
    group by source_table
),

erased as (
    select
        source_table,
        cast(sum(row_count) as bigint) as erased
    from {{ source('raw', 'erased_rows') }}
    group by source_table
)

select
    raw_counts.source_table,
    raw_counts.raw_rows,
    judged.accepted,
    judged.duplicates,
    coalesce(rejected.rejected, 0) as rejected,
    coalesce(erased.erased, 0) as erased,
    judged.last_loaded_at,
    {{ build_columns() }}
from raw_counts
inner join judged on raw_counts.source_table = judged.source_table
left join rejected on raw_counts.source_table = rejected.source_table
left join erased on raw_counts.source_table = erased.source_table
