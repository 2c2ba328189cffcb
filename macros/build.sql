{% macro build_id() %}
{#- The id of this build: the one `make build` gave, else dbt's own invocation id. -#}
{%- set id = env_var('CUSTOMER_SCORES_BUILD_ID', invocation_id) if execute else invocation_id -%}
{%- if not modules.re.fullmatch('[A-Za-z0-9_.-]+', id) -%}
    {{ exceptions.raise_compiler_error("CUSTOMER_SCORES_BUILD_ID may hold letters, digits, '_', '.' and '-' only.") }}
{%- endif -%}
{{ return(id) }}
{% endmacro %}


{% macro build_columns() -%}
{#- The two columns that end every published table: which build made it, and which day it takes for today. -#}
cast('{{ customer_scores.build_id() }}' as varchar) as build_id,
    (select int_as_of.as_of_date from {{ ref('int_as_of') }} as int_as_of) as as_of_date
{%- endmacro %}


{% macro ordered_list(column, order_by, separator) %}
{#- The texts of a group in one text, in the order given. -#}
{{- adapter.dispatch('ordered_list', 'customer_scores')(column, order_by, separator) -}}
{% endmacro %}

{% macro default__ordered_list(column, order_by, separator) -%}
string_agg(cast({{ column }} as varchar), e'{{ separator }}' order by {{ order_by }})
{%- endmacro %}


{% macro count_distinct(column) %}
{#- How many values that are not null a group has. -#}
{{- adapter.dispatch('count_distinct', 'customer_scores')(column) -}}
{% endmacro %}

{% macro duckdb__count_distinct(column) -%}
{#- DuckDB keeps a hash table per group for count(distinct), which most groups of one or two events are not worth. -#}
coalesce(len(list_distinct(list({{ column }}) filter (where {{ column }} is not null))), 0)
{%- endmacro %}
