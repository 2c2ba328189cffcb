{#
  What is kept from build to build is kept in partitions (a load date, a score date), each with a digest of all that it was made from. A
  build makes those anew whose digest has changed, whatever changed it: late events, a corrected row, a weight, a setting. So nothing is
  missed, whenever an earlier build was killed, and a build after which nothing changed has nothing to do.
#}

{% macro digest(values) %}
{#- A whole number (BIGINT) that differs, but for chance in 2^63, where any of the SQL expressions `values` differs; so do digests of rows that exchange
  values. It detects change and nothing else: another version of the database may give another number. -#}
{{- adapter.dispatch('digest', 'customer_scores')(values) -}}
{% endmacro %}

{% macro duckdb__digest(values) -%}
{#- Hashed twice: DuckDB joins the hash of the last value by an exclusive or, and rows are joined by one too. Exchanged values would cancel out. -#}
cast(hash(hash({{ values | join(', ') }})) >> 1 as bigint)
{%- endmacro %}


{% macro digest_of_rows(row_digest) -%}
{#- One digest of many rows, whatever their order; 0 for none. The rows must differ from each other: two of the same cancel out. -#}
coalesce(bit_xor({{ row_digest }}), 0)
{%- endmacro %}


{% macro kept_digests(model_name, partition) %}
{#-
  A subquery of columns `partition` and `digest`: what an incremental model holds, as of the end of its last run. `model_name` is not a ref, since the
  models that ask lie before the one that keeps. Empty on the first run and with --full-refresh.
-#}
{%- set node = (graph.nodes.values() | selectattr('name', 'equalto', model_name) | list)[0] if execute else none -%}
{%- set looks = node and not should_full_refresh() and flags.WHICH in ['build', 'run', 'test', 'compile', 'show'] -%}
{%- set model = adapter.get_relation(node.database, node.schema, node.alias or node.name) if looks else none -%}
{%- set digests = adapter.get_relation(node.database, node.schema, (node.alias or node.name) ~ '_digests') if model else none -%}
{%- if digests -%}
(select {{ partition }}, digest from {{ digests }})
{%- else -%}
(select cast(null as date) as {{ partition }}, cast(null as bigint) as digest where false)
{%- endif -%}
{% endmacro %}


{% macro keep_digests(partitions, partition) %}
{#- Post-hook of an incremental model, in its transaction: notes of which digests its partitions are now. A full refresh of this model alone has but the
  partitions that its parents made anew. -#}
{{ customer_scores.replace_table(this.incorporate(path={'identifier': this.identifier ~ '_digests'})) }}
select {{ partition }}, digest from {{ partitions }}
{%- if should_full_refresh() %}
where is_stale
{%- endif %}
{% endmacro %}


{% macro replace_table(relation) %}
{#- The beginning of a statement, before its select, that makes a table, whether there is one or not. -#}
{{- adapter.dispatch('replace_table', 'customer_scores')(relation) -}}
{% endmacro %}

{% macro default__replace_table(relation) -%}
create or replace table {{ relation }} as
{%- endmacro %}


{% macro get_incremental_replace_partitions_sql(arguments) %}
{#-
  Incremental strategy: deletes the partitions that are stale or no longer wanted, and inserts what the model selected. Its `meta`: `partitions`, the name of
  a model with one row per wanted partition and `is_stale`; `partition`, the column.
-#}
{%- set partition = config.meta_require('partition') -%}
{%- set columns = arguments['dest_columns'] | map(attribute='quoted') | join(', ') -%}
delete from {{ arguments['target_relation'] }}
where {{ partition }} not in (select {{ partition }} from {{ ref(config.meta_require('partitions')) }} where not is_stale);
insert into {{ arguments['target_relation'] }} ({{ columns }})
select {{ columns }} from {{ arguments['temp_relation'] }}
{% endmacro %}


{% macro digests_of_facts(days, facts) -%}
{#-
  A subquery of columns `score_date` and `digest`: for each day of CTE `days` one digest of all facts that hold by then. CTE `facts` has
  `fact_date`, from which a fact matters, and `part`, its digest.
-#}
(
    select
        score_date,
        bit_xor(digest_of_day) over (order by score_date) as digest
    from (
        select
            {{ days }}.score_date,
            {{ customer_scores.digest_of_rows('dated.part') }} as digest_of_day
        from {{ days }}
        left join (
            select
                {{ facts }}.part,
                greatest({{ facts }}.fact_date, first_days.first_date) as holds_from
            from {{ facts }}
            cross join (select min(score_date) as first_date from {{ days }}) as first_days
        ) as dated on {{ days }}.score_date = dated.holds_from
        group by {{ days }}.score_date
    ) as of_days
)
{%- endmacro %}
