{#
  What Spark SQL calls differently (Spark 4, ANSI mode, session in UTC; docs/spark.md). One macro per dispatched one, in the order of their files.
  A backslash in a text is an escape here: patterns have two.
#}

{% macro spark__type_double() -%}
double
{%- endmacro %}


{% macro spark__whole_quotient(dividend, divisor) -%}
(({{ dividend }}) div ({{ divisor }}))
{%- endmacro %}


{% macro spark_type(type) -%}
{#- What Spark calls a type of the project's contracts and seeds. -#}
{{ return({'varchar': 'string', 'text': 'string', 'double precision': 'double', 'integer': 'int'}.get(type | lower, type | lower | replace(' ', ''))) }}
{%- endmacro %}


{% macro spark__ordered_list(column, order_by, separator) -%}
listagg(cast({{ column }} as string), '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro %}


{% macro spark__count_distinct(column) -%}
count(distinct {{ column }})
{%- endmacro %}


{% macro spark__add_days(date, days) -%}
date_add({{ date }}, cast({{ days }} as int))
{%- endmacro %}


{% macro spark__days_between(first, last) -%}
cast(datediff({{ last }}, {{ first }}) as bigint)
{%- endmacro %}


{% macro spark__date_series(first, last) -%}
{#- `sequence` counts down where the last day lies before the first. -#}
(
    select explode(case when first_day <= last_day then sequence(first_day, last_day) end) as day
    from (select cast({{ first }} as date) as first_day, cast({{ last }} as date) as last_day) as bounds
)
{%- endmacro %}


{% macro spark__days_of_month(date) -%}
bit_or(shiftleft(cast(1 as bigint), day({{ date }}) - 1))
{%- endmacro %}


{% macro spark__count_days(days) -%}
bit_count({{ days }})
{%- endmacro %}


{% macro spark__hours_between(first, last) -%}
cast(timestampdiff(microsecond, {{ first }}, {{ last }}) as double) / 3600000000.0D
{%- endmacro %}


{% macro spark__add_seconds(timestamp, seconds) -%}
{{ timestamp }} + make_dt_interval(0, 0, 0, cast({{ seconds }} as decimal(18, 6)))
{%- endmacro %}


{% macro spark__seconds_between(first, last) -%}
cast(cast(timestampdiff(microsecond, {{ first }}, {{ last }}) as decimal(18, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6))
{%- endmacro %}


{% macro spark__digest(values) -%}
{#- A null leaves Spark's hash as it was, and so would be told from no value at all by nothing. -#}
xxhash64({% for value in values %}{{ value }}, isnull({{ value }}){{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}


{% macro spark__gaps_before(timestamp, minutes) -%}
unix_micros({{ timestamp }}) div {{ minutes * 60000000 }}
{%- endmacro %}


{% macro spark__holdout_bucket(customer_id, signal) -%}
cast(cast(conv(substr(md5({{ customer_id }} || '|' || {{ signal }}), 1, 8), 16, 10) as bigint) % 1000000 as int)
{%- endmacro %}


{% macro spark__fold_text(text) -%}
' ' || regexp_replace({{ customer_scores.spark_strip_accents('lower(' ~ text ~ ')') }}, '[^\\p{L}\\p{N}]', ' ') || ' '
{%- endmacro %}


{% macro spark__fold_pattern(pattern) -%}
{{ customer_scores.spark_strip_accents('lower(' ~ pattern ~ ')') }}
{%- endmacro %}


{% macro spark_strip_accents(text) -%}
{#- Letters without their accents. -#}
delivered.strip_accents({{ text }})
{%- endmacro %}


{% macro spark__has_other_signs(pattern) -%}
regexp_replace({{ pattern }}, '\\[[\\p{L}\\p{N} -]+\\]', 'x') rlike '[^\\p{L}\\p{N} |()?._{},*+]|^ '
{%- endmacro %}


{% macro spark_matched_nothing(pattern) -%}
{#- 'x' where a regular expression matches an empty text, '' where it does not, null where it is none: what fails in SQL, a function of Java may try. -#}
try_reflect('org.apache.commons.lang3.StringUtils', 'replacePattern', '', {{ pattern }}, 'x')
{%- endmacro %}


{% macro spark__is_regular_expression(text) -%}
{{ customer_scores.spark_matched_nothing(text) }} is not null
{%- endmacro %}


{% macro spark__matches_empty_text(pattern) -%}
({{ customer_scores.spark_matched_nothing(pattern) }} = 'x')
{%- endmacro %}


{% macro spark__theme_matches(comments, patterns) -%}
{%- set expression = "' (?:' || patterns.pattern || ')'" -%}
(
    select
        comments.answer_id,
        patterns.theme,
        patterns.language,
        regexp_instr(comments.folded_text, {{ expression }}) as word_start,
        regexp_extract(comments.folded_text, {{ expression }}, 0) as words
    from {{ comments }} as comments
    inner join {{ patterns }} as patterns
        on (comments.language is null or patterns.language in (comments.language, 'all'))
        and comments.folded_text rlike {{ expression }}
)
{%- endmacro %}


{% macro spark_trimmed(column) -%}
{#- Text without surrounding spaces, tabs, line ends, no-break spaces and NUL characters. -#}
trim(both ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(0) from cast({{ column }} as string))
{%- endmacro %}


{% macro spark__clean_text(column) -%}
delivered.clean_text(cast({{ column }} as string))
{%- endmacro %}


{% macro spark_functions() -%}
{#-
  Statements that make functions in the schema `delivered`. Spark knows no Unicode normal forms, so that the letters which have one are listed
  (spark_letters): marks that stand alone are put together with their letter, pair by pair, where there are any.
-#}
{%- set letters = customer_scores.spark_letters() -%}
{%- set text = customer_scores.spark_trimmed("replace(value, chr(0), '')") -%}
{{ return([
    "create or replace function delivered.strip_accents(value string) returns string return regexp_replace(translate(value, '"
    ~ letters.composed ~ "', '" ~ letters.bare ~ "'), '\\\\p{M}', '')",
    "create or replace function delivered.clean_text(value string) returns string return nullif(case when value rlike '\\\\p{M}' then aggregate("
    ~ "sequence(1, " ~ letters.composed | length ~ "), " ~ text ~ ", (done, i) -> replace(done, substr('" ~ letters.first ~ "', i, 1) || substr('"
    ~ letters.mark ~ "', i, 1), substr('" ~ letters.composed ~ "', i, 1))) else " ~ text ~ " end, '')",
]) }}
{%- endmacro %}


{% macro spark__is_given(column) -%}
case
    when typeof({{ column }}) = 'string' then coalesce({{ customer_scores.spark_trimmed(column) }} <> '', false)
    else {{ column }} is not null
end
{%- endmacro %}


{% macro spark__parse_timestamp(column) -%}
{%- set text = customer_scores.spark_trimmed(column) -%}
{%- set form = '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?)?' -%}
{#- Spark reads an offset as +02:00 only. -#}
{%- set whole = "regexp_replace(regexp_replace(" ~ text ~ ", '([T ].*[+-][0-9]{2})([0-9]{2})$', '$1:$2'), '([T ].*[+-][0-9]{2})$', '$1:00')" -%}
case
    when typeof({{ column }}) = 'string'
        then case when {{ text }} rlike '^({{ form }})$' then try_cast({{ whole }} as timestamp) end
    else try_cast(cast({{ column }} as string) as timestamp)
end
{%- endmacro %}


{% macro spark__parse_decimal(column) -%}
{%- set text = customer_scores.spark_trimmed(column) -%}
case
    when typeof({{ column }}) <> 'string' or {{ text }} rlike '^[+-]?[0-9]{1,12}([.][0-9]{1,17})?$'
        then try_cast({{ text }} as decimal(18, 6))
end
{%- endmacro %}


{% macro spark__parse_whole_number(column) -%}
{%- set text = customer_scores.spark_trimmed(column) -%}
case
    when typeof({{ column }}) = 'string'
        then case when {{ text }} rlike '^[+-]?[0-9]{1,9}([.]0+)?$' then cast(cast({{ text }} as decimal(18, 6)) as int) end
    when try_cast({{ text }} as double) = round(try_cast({{ text }} as double)) and abs(try_cast({{ text }} as double)) < 1e9D
        then cast(try_cast({{ text }} as double) as int)
end
{%- endmacro %}


{% macro spark__reporting_date(timestamp, zone) -%}
{%- if zone == 'UTC' -%} cast({{ timestamp }} as date)
{%- else -%} cast(from_utc_timestamp({{ timestamp }}, '{{ zone }}') as date)
{%- endif -%}
{%- endmacro %}


{% macro spark__row_as_text(row) -%}
to_json({{ row }}, map('ignoreNullFields', 'false'))
{%- endmacro %}


{% macro spark__prepare_raw() %}
{%- set schema = customer_scores.raw_schema() -%}
{%- if not schema -%}
    {{ exceptions.raise_compiler_error(
        "Spark reads the raw tables from a schema of its metastore: name it by the var raw_schema. `python -m ops.load_spark` brings a raw folder into one."
    ) }}
{%- endif -%}
{%- if env_var('CUSTOMER_SCORES_ERASURES', '') -%}
    {{ exceptions.raise_compiler_error(
        "Erasures are kept beside a warehouse of files: on Spark delete the rows of whoever is erased from the tables of " ~ schema ~ "."
    ) }}
{%- endif -%}
{%- for name, wanted in {'spark.sql.session.timeZone': 'UTC', 'spark.sql.ansi.enabled': 'true',
    'spark.sql.decimalOperations.allowPrecisionLoss': 'false'}.items() -%}
    {%- set value = run_query("set " ~ name).rows[0][1] -%}
    {%- if value not in [wanted, 'Etc/' ~ wanted] -%}
        {{ exceptions.raise_compiler_error(name ~ " is " ~ value ~ " on this Spark, and figures would differ: set it to " ~ wanted ~ " (docs/spark.md).") }}
    {%- endif -%}
{%- endfor -%}
{%- set present = run_query("show tables in " ~ schema).columns[1].values() | list -%}
{%- if 'events' not in present and 'survey_answers' not in present -%}
    {{ exceptions.raise_compiler_error(
        "No raw data in the schema " ~ schema ~ ", which the var raw_schema names: it needs a table events or survey_answers. "
        ~ "Make them before this package is built."
    ) }}
{%- endif -%}
{%- for name in ['delivered', 'raw'] -%}{%- do run_query("create schema if not exists " ~ name) -%}{%- endfor -%}
{%- for function in customer_scores.spark_functions() -%}{%- do run_query(function) -%}{%- endfor -%}
{%- for table, columns in customer_scores.raw_contract().items() -%}
    {%- set source = customer_scores.spark_raw_table(schema, table) if table in present -%}
    {%- if source -%}{%- do customer_scores.warn_of_unread_columns(table, columns.keys() | list + ['row_number'], source) -%}{%- endif -%}
    {%- do run_query(customer_scores.spark_delivered_view(table, columns, source)) -%}
    {%- do run_query("create or replace view raw." ~ table ~ " as select * from delivered." ~ table) -%}
{%- endfor -%}
{%- do run_query(
    "create or replace view raw.erased_rows as select cast(null as string) as request, cast(null as string) as source_table, "
    ~ "cast(null as bigint) as id_digest, cast(null as bigint) as row_count where false"
) -%}
{% endmacro %}


{% macro spark_raw_table(schema, table) %}
{#- A raw table of the schema: its name, and its columns with their types. -#}
{%- set name = schema ~ '.' ~ table -%}
{%- set types = {} -%}
{%- for row in run_query("describe table " ~ name).rows if row[0] and not row[0].startswith('#') -%}
    {%- do types.update({row[0] | lower: row[1]}) -%}
{%- endfor -%}
{%- if 'row_number' not in types -%}
    {{ exceptions.raise_compiler_error(
        name ~ " has no column row_number: number its rows once, as `python -m ops.load_spark` does. Spark keeps no order of rows, and a row is known by its position."
    ) }}
{%- endif -%}
{%- do customer_scores.check_has_rows(name) -%}
{{ return({'first_file': name, 'types': types}) }}
{% endmacro %}


{% macro spark_delivered_view(table, columns, source) %}
{#- The statement that creates delivered.<table>, see duckdb_delivered_view. -#}
{%- set delivered = customer_scores.delivered_types(table, columns, source, {
    'id': '^(string|tinyint|smallint|int|bigint|void)$',
    'time': '^(string|date|timestamp(_ntz)?|void)$',
    'number': '^(string|tinyint|smallint|int|bigint|double|float|decimal.*|void)$',
}) -%}
{%- set selected = [] -%}
{%- for column, rule in columns.items() -%}
    {%- do selected.append(column if delivered[column] else customer_scores.null_column(column, rule[0])) -%}
{%- endfor -%}
create or replace view delivered.{{ table }} as
select
    {{ selected | join(',\n    ') }},
{%- if source %}
    {%- set names = [] -%}
    {%- for name in source.types if name != 'row_number' -%}{%- do names.append('`' ~ name ~ '`') -%}{%- endfor %}
    row_number,
    struct({{ names | join(', ') }}) as raw_row,
    {{ customer_scores.digest(['row_number'] + names) }} as row_digest
from {{ source.first_file }}
{%- else %}
    cast(null as bigint) as row_number,
    cast(null as struct<none: string>) as raw_row,
    cast(null as bigint) as row_digest
where false
{%- endif %}
{% endmacro %}


{% macro spark__create_csv_table(model, agate_table) %}
{#- An empty table with the types that the project gives a seed's columns, in Spark's names. -#}
{%- set types = model['config'].get('column_types', {}) -%}
{%- set create -%}
create table {{ this }} (
    {%- for column in agate_table.column_names %}
    `{{ column }}` {{ customer_scores.spark_type(types.get(column, adapter.convert_type(agate_table, loop.index0))) }}{{ ',' if not loop.last }}
    {%- endfor %}
)
{{ file_format_clause() }}
{%- endset -%}
{%- call statement('_') -%}{{ create }}{%- endcall -%}
{{ return(create) }}
{% endmacro %}


{% macro spark__load_csv_rows(model, agate_table) %}
{#- Writes a seed's rows as SQL texts, which the columns' types then read: one statement, and one file. -#}
{%- set types = model['config'].get('column_types', {}) -%}
{%- set rows = [] -%}
{%- for row in agate_table.rows -%}
    {%- set values = [] -%}
    {%- for value in row -%}
        {%- do values.append('null' if value is none else "'" ~ (value | string | replace('\\', '\\\\') | replace("'", "\\'")) ~ "'") -%}
    {%- endfor -%}
    {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
{%- endfor -%}
{%- set insert -%}
insert into {{ this }}
select /*+ coalesce(1) */
    {%- for column in agate_table.column_names %}
    cast(`{{ column }}` as {{ customer_scores.spark_type(types.get(column, adapter.convert_type(agate_table, loop.index0))) }}){{ ',' if not loop.last }}
    {%- endfor %}
from values
{{ rows | join(',\n') }}
as delivered (`{{ agate_table.column_names | join('`, `') }}`)
{%- endset -%}
{%- if rows -%}{%- call statement('_') -%}{{ insert }}{%- endcall -%}{%- endif -%}
{{ return(insert) }}
{% endmacro %}


{% macro spark__get_assert_columns_equivalent(sql) %}
{#- Compares a model's columns and types with its contract, as Spark itself names the types. -#}
{%- set wanted, found = {}, {} -%}
{%- for name, column in model['columns'].items() -%}
    {%- do wanted.update({name | lower: customer_scores.spark_type(column['data_type'])}) -%}
{%- endfor -%}
{%- for row in run_query("describe query " ~ sql).rows -%}{%- do found.update({row[0] | lower: row[1]}) -%}{%- endfor -%}
{%- set wrong = [] -%}
{%- for name in (wanted.keys() | list + found.keys() | list) | unique if wanted.get(name) != found.get(name) -%}
    {%- do wrong.append(name ~ ' (' ~ found.get(name, 'missing') ~ ', and the contract says ' ~ wanted.get(name, 'nothing') ~ ')') -%}
{%- endfor -%}
{%- if wrong -%}
    {{ exceptions.raise_compiler_error("The columns of " ~ this.identifier ~ " are not those of its contract: " ~ wrong | join(', ') ~ ".") }}
{%- endif -%}
{% endmacro %}


{% macro spark_digests(relation) -%}
{#- The table that notes of which digests the partitions of an incremental model are. -#}
{{ return(relation.incorporate(path={'identifier': relation.identifier ~ '_digests'})) }}
{%- endmacro %}


{% macro spark__replace_table(relation) -%}
{#- The incremental materialization below makes the only tables of which this is asked. -#}
insert overwrite table {{ relation }}
{%- endmacro %}


{% materialization incremental, adapter='spark' %}
{#-
  A table in partitions, of which a run writes those that are stale (macros/increments.sql). Its digests go before its rows and come back after them
  (keep_digests), so that whatever a killed run has left is made anew.
-#}
{%- set partition = config.meta_require('partition') -%}
{%- set partitions = ref(config.meta_require('partitions')) -%}
{%- set existing = load_cached_relation(this) -%}
{%- set target = this.incorporate(type='table') -%}
{%- set digests = customer_scores.spark_digests(this) -%}
{{ run_hooks(pre_hooks) }}
{%- if existing and not should_full_refresh() %}
    {%- do run_query("create table if not exists " ~ digests ~ " (" ~ partition ~ " date, digest bigint) using parquet") -%}
    {%- do run_query("insert overwrite table " ~ digests ~ " select " ~ partition ~ ", digest from " ~ partitions ~ " where not is_stale") -%}
    {%- set wanted = run_query("select cast(" ~ partition ~ " as string) from " ~ partitions ~ " where not is_stale").columns[0].values() | list -%}
    {%- set gone = [] -%}
    {%- for row in run_query("show partitions " ~ target).rows if row[0].split('=')[1] not in wanted -%}
        {%- do gone.append("partition (" ~ partition ~ " = date'" ~ row[0].split('=')[1] ~ "')") -%}
    {%- endfor -%}
    {%- if gone -%}{%- do run_query("alter table " ~ target ~ " drop if exists " ~ gone | join(', ')) -%}{%- endif -%}
    {%- if config.get('contract').enforced -%}{%- do customer_scores.spark__get_assert_columns_equivalent(compiled_code) -%}{%- endif -%}
    {%- set columns = adapter.get_columns_in_relation(target) | map(attribute='name') | list -%}
    {%- call statement() -%} set spark.sql.sources.partitionOverwriteMode = dynamic {%- endcall -%}
    {%- call statement('main') -%}
    insert overwrite table {{ target }} partition ({{ partition }})
    select {{ columns | join(', ') }} from (
    {{ compiled_code }}
    ) as made
    distribute by {{ partition }}
    {%- endcall -%}
{%- else %}
    {%- for relation in [digests, target] -%}{%- do run_query("drop table if exists " ~ relation) -%}{%- endfor -%}
    {%- if config.get('contract').enforced -%}{%- do customer_scores.spark__get_assert_columns_equivalent(compiled_code) -%}{%- endif -%}
    {%- call statement('main') -%}
    create table {{ target }}
    {{ file_format_clause() }}
    partitioned by ({{ partition }})
    as select * from (
    {{ compiled_code }}
    ) as made
    distribute by {{ partition }}
    {%- endcall -%}
    {%- do run_query("create table " ~ digests ~ " (" ~ partition ~ " date, digest bigint) using parquet") -%}
{%- endif %}
{{ run_hooks(post_hooks) }}
{{ return({'relations': [target]}) }}
{% endmaterialization %}


{% materialization table_macro, adapter='spark' %}
{#- A query with arguments: a table function, whose columns are those of its contract. -#}
{%- set target = this.incorporate(type='view') -%}
{%- set parameters, columns = [], [] -%}
{%- for name, type in config.meta_require('parameters').items() -%}{%- do parameters.append(name ~ ' ' ~ customer_scores.spark_type(type)) -%}{%- endfor -%}
{%- for column in model['columns'].values() -%}
    {%- do columns.append(column['name'] ~ ' ' ~ customer_scores.spark_type(column['data_type'])) -%}
{%- endfor -%}
{{ run_hooks(pre_hooks) }}
{%- call statement('main') -%}
create or replace function {{ target }}({{ parameters | join(', ') }})
returns table ({{ columns | join(', ') }})
return {{ sql }}
{%- endcall %}
{{ run_hooks(post_hooks) }}
{{ return({'relations': []}) }}
{% endmaterialization %}
