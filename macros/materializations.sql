{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
{#-
  A table that takes the place of the one before it in a single transaction, which DuckDB can. dbt-duckdb makes it beside the old one, exchanges their
  names and drops the old one, as other databases need: statements that take a fifth of the time of dbt for a small table. A model in Python
  writes over a connection of its own, which must not wait for this one: its old table goes first.
-#}
{%- set existing = load_cached_relation(this) -%}
{%- set target = this.incorporate(type='table') -%}
{{ run_hooks(pre_hooks) }}
{%- if existing %}
{%- call statement('drop_existing') -%}
drop {{ existing.type }} {{ existing }}
{%- endcall %}
{%- if model['language'] == 'python' %}
{%- do adapter.commit() %}
{%- endif %}
{%- endif %}
{%- call statement('main', language=model['language']) -%}
{{ create_table_as(false, target, compiled_code, model['language']) }}
{%- endcall %}
{%- do persist_docs(target, model) %}
{{ run_hooks(post_hooks) }}
{%- do adapter.commit() %}
{{ return({'relations': [target]}) }}
{% endmaterialization %}


{% materialization table_macro, adapter='duckdb' %}
{#- A query with arguments, named in the model's meta as `parameters`. What dbt-duckdb has for it takes them of a config of its own, which dbt v2 refuses. -#}
{%- set target = this.incorporate(type='view') -%}
{{ run_hooks(pre_hooks) }}
{%- call statement('main') -%}
create or replace function {{ target }}({{ config.meta_require('parameters').keys() | join(', ') }}) as table (
    {{ sql }}
)
{%- endcall %}
{{ run_hooks(post_hooks) }}
{%- do adapter.commit() %}
{{ return({'relations': [target]}) }}
{% endmaterialization %}


{% macro gather_statistics() %}
{#- A hook of every table: what an engine must be told before it can plan well how to read the new rows. -#}
{{- adapter.dispatch('gather_statistics', 'customer_scores')() -}}
{% endmacro %}

{% macro default__gather_statistics() -%}
{%- endmacro %}
