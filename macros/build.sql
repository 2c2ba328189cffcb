{% macro build_id() %}
{#- The id of this build: the one `make build` gave, else dbt's own invocation id. -#}
{%- set id = env_var('CUSTOMER_SCORES_BUILD_ID', invocation_id) if execute else invocation_id -%}
{%- if not modules.re.fullmatch('[A-Za-z0-9_.-]+', id) -%}
    {{ exceptions.raise_compiler_error("CUSTOMER_SCORES_BUILD_ID may hold letters, digits, '_', '.' and '-' only.") }}
{%- endif -%}
{{ return(id) }}
{% endmacro %}


{% macro build_time() %}
{#- When this build began, UTC, as `make build` tells it; null where nobody does. Only the freshness of sources asks. -#}
{%- set time = env_var('CUSTOMER_SCORES_BUILD_TIME', '') if execute -%}
{%- if not time -%}{{ return("cast(null as timestamp)") }}{%- endif -%}
{%- set form = '[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]) ([01][0-9]|2[0-3])(:[0-5][0-9]){2}' -%}
{%- if not modules.re.fullmatch(form, time) -%}
    {{ exceptions.raise_compiler_error("CUSTOMER_SCORES_BUILD_TIME is '" ~ time ~ "': give a time in UTC as YYYY-MM-DD HH:MM:SS.") }}
{%- endif -%}
{{ return("cast('" ~ time ~ "' as timestamp)") }}
{% endmacro %}


{% macro last_by_now(time) -%}
{#- An aggregate: the newest of the times that are not after this build. A later one is a wrong date, and must not hide that nothing new has come. -#}
max(case when not coalesce({{ time }} > {{ build_time() }}, false) then {{ time }} end)
{%- endmacro %}


{% macro stale_sources(limit) -%}
{#- A select: what is wrong with each raw table whose newest row is older than its limit, the column `limit` of the seed freshness_limits. -#}
{%- set hours_old = customer_scores.hours_between('reconciliation.last_loaded_at', customer_scores.build_time()) -%}
select
    limits.source_table || ': ' || coalesce(
        'its newest row was loaded at ' || cast(reconciliation.last_loaded_at as {{ dbt.type_string() }}) || ' UTC, '
        || cast(cast(floor({{ hours_old }}) as bigint) as {{ dbt.type_string() }}) || ' hours before this build',
        'it has no row that tells when it was loaded'
    ) || ', and freshness_limits.csv allows ' || cast(limits.{{ limit }} as {{ dbt.type_string() }})
    || ' hours: deliver what is new, or change the limit.' as problem
from {{ ref('freshness_limits') }} as limits
inner join {{ ref('row_reconciliation') }} as reconciliation on limits.source_table = reconciliation.source_table
where
    limits.{{ limit }} is not null
    and (reconciliation.last_loaded_at is null or {{ hours_old }} > limits.{{ limit }})
{%- endmacro %}


{% macro build_columns() -%}
{#- The two columns that end every published table: which build made it, and which day it takes for today. -#}
cast('{{ customer_scores.build_id() }}' as {{ dbt.type_string() }}) as build_id,
    (select int_as_of.as_of_date from {{ ref('int_as_of') }} as int_as_of) as as_of_date
{%- endmacro %}


{% macro ordered_list(column, order_by, separator) %}
{#- The texts of a group in one text, in the order given. -#}
{{- adapter.dispatch('ordered_list', 'customer_scores')(column, order_by, separator) -}}
{% endmacro %}

{% macro default__ordered_list(column, order_by, separator) -%}
string_agg(cast({{ column }} as {{ dbt.type_string() }}), e'{{ separator }}' order by {{ order_by }})
{%- endmacro %}


{% macro count_distinct(column) %}
{#- How many values that are not null a group has. -#}
{{- adapter.dispatch('count_distinct', 'customer_scores')(column) -}}
{% endmacro %}

{% macro duckdb__count_distinct(column) -%}
{#- DuckDB keeps a hash table per group for count(distinct), which most groups of one or two events are not worth. -#}
coalesce(len(list_distinct(list({{ column }}) filter (where {{ column }} is not null))), 0)
{%- endmacro %}
