{#
  Events are read by load date, since late ones must be found without a look at everything that was loaded before.
#}

{% macro load_time() -%}
{#- When a row became known: its `loaded_at`, else its `occurred_at`. -#}
coalesce(loaded_at, occurred_at)
{%- endmacro %}


{% macro load_date() -%}
{#- The reporting day of the load time; the first day of year 1 for a row that tells no time, since a null would be in no partition. -#}
coalesce({{ customer_scores.reporting_date(customer_scores.load_time()) }}, cast('0001-01-01' as date))
{%- endmacro %}


{% macro events_loaded_from(first_date) -%}
{#-
  A subquery: the rows of stg_events loaded on `first_date` (a scalar subquery) or later, and the few of the day before that a zone may
  add. `loaded_at` stands alone in the first part, so that a Parquet file's statistics tell what need not be read.
-#}
(
    select * from {{ ref('stg_events') }}
    where loaded_at >= cast({{ customer_scores.add_days(first_date, -1) }} as timestamp)
    union all
    select * from {{ ref('stg_events') }}
    where loaded_at is null
)
{%- endmacro %}


{% macro counting_events(partitions='int_event_loads') -%}
{#- CTEs that end with `counting`: the accepted events of the load dates that have changed, as the model `partitions` says. -#}
loads as (
    select * from {{ ref(partitions) }}
    where is_stale
),

set_aside as (
    select * from {{ ref('int_events_set_aside') }}
),

events as (
    select * from {{ customer_scores.events_loaded_from('(select min(loads.load_date) from loads)') }} as loaded
),

-- Anti-join: few rows are set aside.
counting as (
    select events.* from events
    inner join loads on events.load_date = loads.load_date
    where not exists (
        select 1 from set_aside
        where set_aside.row_number = events.row_number
    )
)
{%- endmacro %}


{% macro loads_made_with(model_name, choice) -%}
{#-
  CTEs and a select, to be put after `with`: the load dates whose part of the incremental model `model_name`, which keeps some of what events tell, must
  be read anew: their rows have changed, or `choice` has, a number or a digest of what decides which events are kept, and how. Macros are called by their
  plain names, which is how a unit test can replace them.
-#}
loads as (
    select * from {{ ref('int_event_loads') }}
),

digests as (
    select
        load_date,
        {{ digest(['digest', choice]) }} as digest
    from loads
)

select
    digests.load_date,
    digests.digest,
    kept.digest is null as is_stale
from digests
left join {{ kept_digests(model_name, 'load_date') }} as kept
    on digests.load_date = kept.load_date
    and digests.digest = kept.digest
{%- endmacro %}


{% macro loads_of_types(model_name, types, columns=['event_type']) -%}
{#-
  loads_made_with of a model that keeps events of some types. `types` is the relation that names them, by its `columns`; what else it says matters only
  later.
-#}
with types as (
    select distinct {{ columns | join(', ') }} from {{ types }}
),

{{ loads_made_with(model_name, '(select ' ~ digest_of_rows(digest(columns)) ~ ' from types)') }}
{%- endmacro %}
