{#
  What a Postgres server calls otherwise than DuckDB. A macro without a version here is said alike on both.
#}

{% macro postgres__gather_statistics() -%}
{%- if config.get('materialized') in ['table', 'incremental'] -%} analyze {{ this }} {%- endif -%}
{%- endmacro %}


{% macro postgres__whole_quotient(dividend, divisor) -%}
div(cast({{ dividend }} as decimal(38, 0)), cast({{ divisor }} as decimal(38, 0)))
{%- endmacro %}


{% macro postgres__clean_text(column) -%}
nullif({{ customer_scores.postgres_trimmed('normalize(cast(' ~ column ~ ' as text), NFC)') }}, '')
{%- endmacro %}


{% macro postgres_trimmed(text) -%}
{#- Text without surrounding spaces, tabs, line ends and no-break spaces. A server takes no NUL characters. -#}
btrim({{ text }}, ' ' || chr(9) || chr(10) || chr(13) || chr(160))
{%- endmacro %}


{% macro postgres__is_given(column) -%}
coalesce({{ customer_scores.postgres_trimmed('cast(' ~ column ~ ' as text)') }} <> '', false)
{%- endmacro %}


{% macro postgres__parse_timestamp(column) -%}
delivered.parse_timestamp({{ column }})
{%- endmacro %}


{% macro postgres__parse_decimal(column) -%}
delivered.parse_decimal({{ column }})
{%- endmacro %}


{% macro postgres__parse_whole_number(column) -%}
delivered.parse_whole_number({{ column }})
{%- endmacro %}


{% macro postgres_parsing() -%}
{#-
  Statements that make what parses a delivered value, a function for each type in which it may come, in schema `delivered`. What DuckDB does by trying
  a cast, which a server cannot.
-#}
{%- set trimmed = customer_scores.postgres_trimmed('value') -%}
create or replace function delivered.parse_timestamp(value timestamp) returns timestamp
    language sql immutable parallel safe return value;

create or replace function delivered.parse_timestamp(value timestamptz) returns timestamp
    language sql immutable parallel safe return timezone('UTC', value);

create or replace function delivered.parse_timestamp(value date) returns timestamp
    language sql immutable parallel safe return cast(value as timestamp);

-- Year 0 is written otherwise; it is rejected like any other before 2000.
create or replace function delivered.parse_timestamp(value text) returns timestamp
    language plpgsql immutable parallel safe as $$
declare
    part text[];
    days integer;
begin
    -- Most times look like this one, and to take it apart would cost ten times as much.
    if value ~ '^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z?$' then
        return rtrim(value, 'Z')::timestamp;
    end if;
    part := regexp_match(
        {{ trimmed }},
        '^([0-9]{4})-([0-9]{2})-([0-9]{2})([T ]([01][0-9]|2[0-3]):([0-5][0-9])(:([0-5][0-9]([.][0-9]{1,6})?))?(Z|([+-])([01][0-9]|2[0-3])(:?([0-5][0-9]))?)?)?$'
    );
    if part is null then return null; end if;
    if part[2] not between '01' and '12' then return null; end if;
    days := extract(day from make_date(greatest(part[1]::integer, 1), part[2]::integer, 1) + interval '1 month' - interval '1 day');
    if part[1]::integer = 0 and part[2] = '02' then days := 29; end if;
    if part[3]::integer not between 1 and days then return null; end if;
    if part[1]::integer = 0 then return timestamp '0001-01-01'; end if;
    return make_date(part[1]::integer, part[2]::integer, part[3]::integer)
        + make_interval(
            hours => coalesce(part[5], '0')::integer - coalesce(part[11] || part[12], '0')::integer,
            mins => coalesce(part[6], '0')::integer - coalesce(part[11] || part[14], '0')::integer
        )
        + coalesce(part[8], '0')::numeric * interval '1 second';
end $$;

create or replace function delivered.parse_decimal(value text) returns decimal(18, 6)
    language sql immutable parallel safe return case
        when {{ trimmed }} ~ '^[+-]?[0-9]{1,12}([.][0-9]{1,17})?$'
            then case
                when abs(round(cast({{ trimmed }} as decimal), 6)) < 1000000000000 then cast({{ trimmed }} as decimal(18, 6))
            end
    end;

create or replace function delivered.parse_decimal(value decimal) returns decimal(18, 6)
    language sql immutable parallel safe return case
        when value <> 'NaN' and abs(value) < 1000000000001
            then case when abs(round(value, 6)) < 1000000000000 then cast(value as decimal(18, 6)) end
    end;

create or replace function delivered.parse_decimal(value double precision) returns decimal(18, 6)
    language sql immutable parallel safe return delivered.parse_decimal(cast(value as decimal));

create or replace function delivered.parse_whole_number(value text) returns integer
    language sql immutable parallel safe return case
        when {{ trimmed }} ~ '^[+-]?[0-9]{1,9}([.]0+)?$' then cast(cast({{ trimmed }} as decimal) as integer)
    end;

create or replace function delivered.parse_whole_number(value decimal) returns integer
    language sql immutable parallel safe return case
        when value <> 'NaN' and value = round(value) and abs(value) < 1000000000 then cast(value as integer)
    end;

create or replace function delivered.parse_whole_number(value double precision) returns integer
    language sql immutable parallel safe return delivered.parse_whole_number(cast(value as decimal));

-- Whether a regular expression matches where nothing is written; null where it is none.
create or replace function delivered.matches_empty_text(pattern text) returns boolean
    language plpgsql immutable parallel safe as $$
begin
    return '' ~ pattern;
exception when invalid_regular_expression then
    return null;
end $$;
{%- endmacro %}


{% macro postgres__row_as_text(row) -%}
cast({{ row }} as text)
{%- endmacro %}


{% macro postgres__count_distinct(column) -%}
count(distinct {{ column }})
{%- endmacro %}


{% macro postgres__digest(values) -%}
hashtextextended(cast(row({{ values | join(', ') }}) as text), 0)
{%- endmacro %}


{% macro postgres__replace_table(relation) -%}
drop table if exists {{ relation }};
create table {{ relation }} as
{%- endmacro %}


{% macro postgres__days_between(first, last) -%}
cast({{ last }} - {{ first }} as bigint)
{%- endmacro %}


{% macro postgres__date_series(first, last) -%}
(
    select cast(series.day as date) as day
    from generate_series(cast({{ first }} as timestamp), cast({{ last }} as timestamp), interval '1' day) as series (day)
)
{%- endmacro %}


{% macro postgres__days_of_month(date) -%}
bit_or(1 << (cast(extract(day from {{ date }}) as integer) - 1))
{%- endmacro %}


{% macro postgres__count_days(days) -%}
cast(bit_count(cast({{ days }} as bit(32))) as integer)
{%- endmacro %}


{% macro postgres__add_seconds(timestamp, seconds) -%}
{{ timestamp }} + cast({{ seconds }} as double precision) * interval '1' second
{%- endmacro %}


{% macro postgres__seconds_between(first, last) -%}
cast(extract(epoch from ({{ last }} - {{ first }})) as decimal(18, 6))
{%- endmacro %}


{% macro postgres__gaps_before(timestamp, minutes) -%}
cast(div(extract(epoch from {{ timestamp }}), {{ minutes * 60 }}) as bigint)
{%- endmacro %}


{% macro postgres__holdout_bucket(customer_id, signal) -%}
cast(cast(cast('x' || substr(md5({{ customer_id }} || '|' || {{ signal }}), 1, 8) as bit(32)) as bigint) % 1000000 as integer)
{%- endmacro %}


{% macro postgres__fold_text(text) -%}
' ' || regexp_replace({{ customer_scores.fold_pattern(text) }} collate "und-x-icu", '[^[:alnum:]]', ' ', 'g') || ' '
{%- endmacro %}


{% macro postgres__fold_pattern(pattern) -%}
{#- In the collation of whatever language, since that of the database may know English letters alone. -#}
normalize(regexp_replace(normalize(lower({{ pattern }} collate "und-x-icu"), NFD), '[\u0300-\u036f]', '', 'g'), NFC)
{%- endmacro %}


{% macro postgres__has_other_signs(pattern) -%}
regexp_replace({{ pattern }} collate "und-x-icu", '\[[[:alnum:] -]+\]', 'x', 'g') collate "und-x-icu" ~ '[^[:alnum:] |()?._{},*+]|^ '
{%- endmacro %}


{% macro postgres__is_regular_expression(text) -%}
delivered.matches_empty_text({{ text }}) is not null
{%- endmacro %}


{% macro postgres__matches_empty_text(pattern) -%}
delivered.matches_empty_text({{ pattern }})
{%- endmacro %}


{% macro postgres__theme_matches(comments, patterns) -%}
(
    select
        comments.answer_id,
        patterns.theme,
        patterns.language,
        regexp_instr(comments.folded_text, ' (?:' || patterns.pattern || ')') as word_start,
        regexp_substr(comments.folded_text, ' (?:' || patterns.pattern || ')') as words
    from {{ comments }} as comments
    inner join {{ patterns }} as patterns
        on (comments.language is null or patterns.language in (comments.language, 'all'))
        and comments.folded_text ~ (' (?:' || patterns.pattern || ')')
)
{%- endmacro %}


{% macro postgres__prepare_raw() %}
{#- Views that read the raw tables are made anew with them, so a run that makes none of those leaves all as it is. -#}
{%- set readers = [] -%}
{%- for id in selected_resources if graph.nodes.get(id, {}).get('sources') -%}{%- do readers.append(id) -%}{%- endfor -%}
{%- if readers -%}{%- do customer_scores.postgres_make_raw() -%}{%- endif -%}
{% endmacro %}


{% macro postgres_make_raw() %}
{#- Makes the schemas delivered and raw, as duckdb__prepare_raw does, of the tables of the schema that the var raw_schema names, else of landing. -#}
{%- do customer_scores.check_names('pg_timezone_names', "pg_get_keywords() where catcode = 'R'", 'word') -%}
{%- set schema = customer_scores.raw_schema() or 'landing' -%}
{%- set contract = customer_scores.raw_contract() -%}
{%- set sources = {} -%}
{%- for table in contract -%}
    {%- do sources.update({table: customer_scores.postgres_raw_table(schema, table)}) -%}
{%- endfor -%}
{%- for table, columns in contract.items() if sources[table] -%}
    {%- do customer_scores.warn_of_unread_columns(table, columns.keys() | list + ['row_number'], sources[table]) -%}
{%- endfor -%}
{%- if not sources['events'] and not sources['survey_answers'] -%}
    {{ exceptions.raise_compiler_error(
        "No raw data in the schema " ~ schema ~ " of the database " ~ target.database ~ ": it needs a table events or survey_answers. "
        ~ "Load them, or name the schema that holds them with the var raw_schema."
    ) }}
{%- endif -%}
{%- do run_query("create schema if not exists delivered; create schema if not exists raw;" ~ customer_scores.postgres_parsing()) -%}
{#- Views that read the raw tables go with them, and dbt must know. -#}
{%- for node in graph.nodes.values() if node.config.materialized == 'view' and node.sources -%}
    {%- set view = adapter.get_relation(node.database, node.schema, node.alias or node.name) -%}
    {%- if view -%}{%- do adapter.drop_relation(view) -%}{%- endif -%}
{%- endfor -%}
{%- for table, columns in contract.items() -%}
    {%- do run_query(customer_scores.postgres_delivered_view(table, columns, sources[table])) -%}
{%- endfor -%}
{%- do run_query("create table if not exists raw.erased_rows (request text, source_table text, id_digest bigint, row_count bigint); commit") -%}
{% endmacro %}


{% macro postgres_raw_table(schema, table) %}
{#- A table of the schema that holds raw tables: {first_file, its name; types by column}, or none where there is none. -#}
{%- set types = {} -%}
{%- for row in run_query(
    "select column_name, data_type from information_schema.columns where table_schema = '" ~ schema ~ "' and table_name = '" ~ table
    ~ "' order by ordinal_position"
).rows -%}
    {%- do types.update({row['column_name']: row['data_type']}) -%}
{%- endfor -%}
{%- if not types -%}{{ return(none) }}{%- endif -%}
{%- set name = schema ~ '.' ~ table -%}
{#- A row of a server has no place of its own. -#}
{%- if types.get('row_number') != 'bigint' -%}
    {{ exceptions.raise_compiler_error(
        name ~ " has no column row_number of type bigint, by which a row is known: "
        ~ "alter table " ~ name ~ " add column row_number bigint generated always as identity."
    ) }}
{%- endif -%}
{%- do customer_scores.check_has_rows(name) -%}
{{ return({'first_file': name, 'types': types}) }}
{% endmacro %}


{% macro postgres_delivered_view(table, columns, source) %}
{#- Statements that make delivered.<table> and raw.<table>: the contract's columns in the contract's order, the row's number, its whole content, and a number
  that changes with either. -#}
{%- set delivered = customer_scores.delivered_types(table, columns, source, {
    'id': '^(text|character.*|uuid|smallint|integer|bigint|USER-DEFINED)$',
    'time': '^(text|character.*|date|timestamp.*)$',
    'number': '^(text|character.*|smallint|integer|bigint|numeric|real|double precision)$',
}) -%}
{%- set selected = [] -%}
{%- for column, rule in columns.items() -%}
    {%- do selected.append('delivered_row.' ~ column if delivered[column] else customer_scores.null_column(column, rule[0])) -%}
{%- endfor -%}
drop view if exists raw.{{ table }}, delivered.{{ table }} cascade;
create view delivered.{{ table }} as
select
    {{ selected | join(',\n    ') }},
{%- if source %}
{%- set names = source.types.keys() | reject('equalto', 'row_number') | list %}
    delivered_row.row_number,
    (select row_to_json(content) from (select delivered_row."{{ names | join('", delivered_row."') }}") as content) as raw_row,
    {{ customer_scores.digest(['delivered_row.*']) }} as row_digest
from {{ source.first_file }} as delivered_row;
{%- else %}
    cast(null as bigint) as row_number,
    cast(null as json) as raw_row,
    cast(null as bigint) as row_digest
where false;
{%- endif %}
create view raw.{{ table }} as
select * from delivered.{{ table }};
{% endmacro %}


{% materialization table_macro, adapter='postgres' %}
{#- A query with arguments, named in the model's meta as `parameters`; its columns and their types are those of its contract. -#}
{%- set target = this.incorporate(type='view') -%}
{%- set parameters, columns = [], [] -%}
{%- for name, type in config.meta_require('parameters').items() -%}{%- do parameters.append(name ~ ' ' ~ type) -%}{%- endfor -%}
{%- for column in model['columns'].values() -%}{%- do columns.append(column['name'] ~ ' ' ~ column['data_type']) -%}{%- endfor -%}
{{ run_hooks(pre_hooks) }}
{%- call statement('main') -%}
drop function if exists {{ target }};
create function {{ target }}({{ parameters | join(', ') }}) returns table ({{ columns | join(', ') }}) language sql stable as $$
    {{ sql }}
$$
{%- endcall %}
{{ run_hooks(post_hooks) }}
{%- do adapter.commit() %}
{{ return({'relations': [target]}) }}
{% endmaterialization %}
