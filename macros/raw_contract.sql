{% macro raw_contract() %}
{#
  The raw contract: table -> column -> [kind, required]. Kinds: `id` (text or whole number), `text`, `time` (UTC),
  `number`. Columns beyond these are ignored, but kept in the content of a rejected row.
#}
{%- set contract = {
    'events': {
        'event_id': ['id', true],
        'customer_id': ['id', true],
        'event_type': ['id', true],
        'occurred_at': ['time', true],
        'loaded_at': ['time', false],
        'user_id': ['id', false],
        'session_id': ['id', false],
        'channel': ['text', false],
        'amount': ['number', false],
        'duration_seconds': ['number', false],
        'properties': ['text', false],
    },
    'survey_answers': {
        'answer_id': ['id', true],
        'customer_id': ['id', true],
        'question': ['id', true],
        'sent_at': ['time', true],
        'answered_at': ['time', false],
        'score': ['number', false],
        'respondent_id': ['id', false],
        'comment': ['text', false],
        'language': ['text', false],
        'channel': ['text', false],
        'touchpoint': ['text', false],
        'loaded_at': ['time', false],
    },
    'customers': {
        'customer_id': ['id', true],
        'updated_at': ['time', false],
        'customer_name': ['text', false],
        'plan': ['text', false],
        'industry': ['text', false],
        'region': ['text', false],
        'trial_started_at': ['time', false],
        'subscribed_at': ['time', false],
        'churned_at': ['time', false],
        'acquisition_cost': ['number', false],
    },
} -%}
{%- set own = customer_scores.own_segment_columns() -%}
{%- for name in own if name in contract['customers'] or name in ['row_number', 'raw_row'] -%}
    {{ exceptions.raise_compiler_error(
        "The var segment_columns names " ~ name ~ ", which is no segment: it has a meaning of its own, or names a person."
    ) }}
{%- endfor -%}
{%- do contract['customers'].update(own) -%}
{{ return(contract) }}
{% endmacro %}


{% macro standard_segments() %}
{#- The segment columns that the contract names and that marts have as columns of their own. -#}
{{ return(['plan', 'industry', 'region']) }}
{% endmacro %}


{% macro own_segment_columns() %}
{#- The segment columns beyond the three of the contract, in the contract's form: the company asked for them, so they are required. -#}
{%- set columns = {} -%}
{%- for name in customer_scores.segment_columns() if name not in customer_scores.standard_segments() -%}
    {%- do columns.update({name: ['text', true]}) -%}
{%- endfor -%}
{{ return(columns) }}
{% endmacro %}


{% macro prepare_raw() %}
{#
  Makes schema `delivered` hold `events`, `survey_answers` and `customers` with every column of the contract, whatever the
  company delivered (an absent table is empty, an absent optional column null), and schema `raw` the same without the rows of
  whoever was erased. Raises a sentence where the contract is broken, and shuts all other files to the run.
  Runs when a run starts, so that models are the same for every company and no model asks the database while it compiles.
#}
{#- A run of another project that builds no model of this package may be the one that makes the raw tables. -#}
{%- set models = [] -%}
{%- for id in selected_resources if id.startswith('model.customer_scores.') -%}{%- do models.append(id) -%}{%- endfor -%}
{%- if execute and (models or not customer_scores.raw_schema()) -%}
    {#- No model that is always built reads this one. -#}
    {%- do customer_scores.clv_forecasts() -%}
    {%- do adapter.dispatch('prepare_raw', 'customer_scores')() -%}
{%- endif -%}
{% endmacro %}


{% macro duckdb__prepare_raw() %}
{%- do customer_scores.check_names('pg_timezone_names()', "duckdb_keywords() where keyword_category = 'reserved'", 'keyword_name') -%}
{%- set machine_zone = run_query("select current_setting('TimeZone') as name").rows[0]['name'] -%}
{%- if machine_zone not in ['UTC', 'Etc/UTC'] -%}
    {{ exceptions.raise_compiler_error(
        "The profile leaves DuckDB's time zone at " ~ machine_zone ~ ", and times would be read in it: add `settings: {TimeZone: UTC}` to the profile."
    ) }}
{%- endif -%}
{%- set schema = customer_scores.raw_schema() -%}
{%- set folder = env_var('CUSTOMER_SCORES_RAW', 'data/demo').rstrip('/') -%}
{%- if '\\' in folder -%}
    {{ exceptions.raise_compiler_error("The raw folder " ~ folder ~ " has a backslash in its path, which DuckDB cannot read: rename it.") }}
{%- endif -%}
{%- set contract = customer_scores.raw_contract() -%}
{%- set files = customer_scores.duckdb_raw_files(folder) if not schema -%}
{%- set sources = {} -%}
{%- for table in contract -%}
    {%- do sources.update({
        table: customer_scores.duckdb_raw_table(schema, table) if schema else customer_scores.duckdb_raw_source(files, table)
    }) -%}
{%- endfor -%}
{%- for table, columns in contract.items() if sources[table] -%}
    {%- do customer_scores.warn_of_unread_columns(table, columns.keys(), sources[table]) -%}
{%- endfor -%}
{%- if not sources['events'] and not sources['survey_answers'] -%}
    {{ exceptions.raise_compiler_error(
        "No raw data in the schema " ~ schema ~ ", which the var raw_schema names: it needs a table events or survey_answers. "
        ~ "Make them before this package is built." if schema else
        "No raw data in " ~ folder ~ ": it needs events or survey_answers as .parquet, .csv or .jsonl "
        ~ "(one file such as events.csv, several such as events_2025.csv, or a folder events/). Choose the folder with RAW=folder."
    ) }}
{%- endif -%}
{%- do run_query("create schema if not exists delivered; create schema if not exists raw") -%}
{%- for table, columns in contract.items() -%}
    {%- do run_query(customer_scores.duckdb_delivered_view(table, columns, sources[table])) -%}
{%- endfor -%}
{%- do customer_scores.duckdb_set_erased_aside(contract) -%}
{#- Another project, which has this one as a package, may read what files it likes. -#}
{%- if project_name == 'customer_scores' -%}{%- do customer_scores.duckdb_shut_files(folder, sources) -%}{%- endif -%}
{% endmacro %}


{% macro check_names(time_zones, words, word) %}
{#- Raises a sentence where the var reporting_timezone is no time zone, or segment_columns names a word of SQL. `time_zones` and `words` are what the
  database selects them from; the column of words is `word`. -#}
{%- set zone = customer_scores.reporting_timezone() -%}
{%- if run_query("select 1 from " ~ time_zones ~ " where name = '" ~ zone ~ "'").rows | length == 0 -%}
    {{ exceptions.raise_compiler_error("The var reporting_timezone is '" ~ zone ~ "', which no time zone is called: give a name such as Europe/Bucharest.") }}
{%- endif -%}
{%- for row in run_query("select " ~ word ~ " from " ~ words).rows if row[word] in customer_scores.segment_columns() -%}
    {{ exceptions.raise_compiler_error(
        "The var segment_columns names '" ~ row[word] ~ "', a word of SQL: rename the column, in the raw data too."
    ) }}
{%- endfor -%}
{% endmacro %}


{% macro check_has_rows(name) %}
{#- Raises a sentence where a raw table of a schema is empty. -#}
{%- if run_query("select 1 from " ~ name ~ " limit 1").rows | length == 0 -%}
    {{ exceptions.raise_compiler_error(name ~ " has no rows: fill it, or drop it if the company has none.") }}
{%- endif -%}
{% endmacro %}


{% macro delivered_types(table, columns, source, allowed) %}
{#- The type in which each of the contract's `columns` of a raw table is delivered, or none where it is not. Raises a sentence for a required one that is
  missing, and for a type that the contract does not allow: `allowed` has a regular expression of the database's types for each kind; a text may be
  anything. `source` has `types` and `first_file`, and is none where the table is absent. -#}
{%- set said = {'id': 'a text or a whole number', 'time': 'a timestamp, a date or a text', 'number': 'a number or a text'} -%}
{%- set found = {} -%}
{%- for column, rule in columns.items() -%}
    {%- set type = source.types.get(column) if source else none -%}
    {%- if type and rule[0] in allowed and not modules.re.match(allowed[rule[0]], type) -%}
        {{ exceptions.raise_compiler_error(
            table ~ "." ~ column ~ " is of type " ~ type ~ " in " ~ source.first_file ~ ": it must be " ~ said[rule[0]] ~ "."
        ) }}
    {%- elif source and rule[1] and not type -%}
        {{ exceptions.raise_compiler_error(
            table ~ "." ~ column ~ " is missing in " ~ source.first_file ~ " (columns found: " ~ source.types.keys() | join(', ')
            ~ "). " ~ ("Take it out of the var segment_columns, or deliver it." if column in customer_scores.own_segment_columns()
            else "Rename the column that holds it, or deliver it.")
        ) }}
    {%- endif -%}
    {%- do found.update({column: type}) -%}
{%- endfor -%}
{{ return(found) }}
{% endmacro %}


{% macro null_column(column, kind) %}
{#- A column of the contract that was not delivered. -#}
{%- set types = {'id': dbt.type_string(), 'text': dbt.type_string(), 'time': 'timestamp', 'number': 'decimal(18, 6)'} -%}
{{ return("cast(null as " ~ types[kind] ~ ") as " ~ column) }}
{% endmacro %}


{% macro warn_of_unread_columns(table, columns, source) %}
{#- Warns of columns that nothing reads. One of them may be an optional column under another name. -#}
{%- set unread = source.types.keys() | reject('in', columns) | list -%}
{%- set absent = columns | reject('in', source.types.keys()) | list -%}
{%- if unread -%}
    {%- do exceptions.warn(
        table ~ " has columns that nothing reads: " ~ unread | join(', ') ~ "."
        ~ (" Is one of them " ~ absent | join(', ') ~ " under another name?" if absent else "")
    ) -%}
{%- endif -%}
{% endmacro %}


{% macro duckdb_shut_files(folder, sources) %}
{#- From here on the run reads what lies in the raw folder, the files that raw tables link to, and what lies beside its own databases: whatever else
  a model, a var or a setting names fails. DuckDB opens nothing again before it ends, so that there is nothing to do twice. -#}
{%- if run_query("select current_setting('enable_external_access') as is_open").rows[0]['is_open'] -%}
    {%- set folders, files = [folder], [] -%}
    {%- for row in run_query("select path from duckdb_databases() where path is not null").rows -%}
        {%- do folders.append(row['path'].rpartition('/')[0] or '.') -%}
    {%- endfor -%}
    {%- for source in sources.values() if source -%}
        {%- do files.extend(source.files) -%}
    {%- endfor -%}
    {%- do run_query(
        "set global allowed_directories = " ~ customer_scores.duckdb_paths(folders) ~ "; set global allowed_paths = "
        ~ customer_scores.duckdb_paths(files) ~ "; set global enable_external_access = false"
    ) -%}
{%- endif -%}
{% endmacro %}


{% macro duckdb_paths(paths) -%}
{#- A list of SQL texts: the paths as they stand, and as the patterns in whose form they are asked for. -#}
{%- set texts = [] -%}
{%- for path in paths -%}
    {%- do texts.extend(["'" ~ path | replace("'", "''") ~ "'", "'" ~ customer_scores.duckdb_path(path) ~ "'"]) -%}
{%- endfor -%}
{{ return('[' ~ texts | unique | join(', ') ~ ']') }}
{%- endmacro %}


{% macro duckdb_path(path) -%}
{#- A path inside a SQL text that DuckDB takes for a pattern: quotes doubled, wildcards taken as they stand. -#}
{{ path | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]') | replace("'", "''") }}
{%- endmacro %}


{% macro duckdb_raw_files(folder) %}
{#- The files of the raw folder in the order of their names: `file`, `name` within the folder and `format`, both in lower case.
  Where `make build` mended a file (ops/mend.py), `file` is the mended copy. -#}
{%- set mended = env_var('CUSTOMER_SCORES_MENDED', '') -%}
{%- set listing -%}
    with found as (
        -- `**` reaches every depth, but follows no link.
        {%- for place in [folder] + ([mended] if mended else []) %}{%- set is_mended = loop.index > 1 %}
        {{ 'union all' if is_mended }}
        {%- for pattern in ['*', '*/*', '**'] %}
        select file, substr(file, {{ place | length + 2 }}) as name, {{ is_mended }} as is_mended
        from glob('{{ customer_scores.duckdb_path(place) }}/{{ pattern }}')
        {{ 'union all' if not loop.last }}
        {%- endfor %}
        {%- endfor %}
    )
    select
        arg_max(file, is_mended) as file,
        lower(name) as name,
        regexp_extract(lower(name), '[.]([a-z]+)$', 1) as format
    from found
    -- Programs that write folders of files leave markers of their own.
    where not regexp_matches('/' || name, '/[._][^/]*$')
    group by found.name
    order by found.name
{%- endset -%}
{{ return(run_query(listing).rows) }}
{% endmacro %}


{% macro duckdb_raw_table(schema, table) %}
{#- What duckdb_raw_source returns, of a table in a schema of the work database, or none where there is none. -#}
{%- set found = run_query(
    "select table_type from information_schema.tables where table_catalog = current_database() and table_schema = '" ~ schema
    ~ "' and table_name = '" ~ table ~ "'"
).rows -%}
{%- if found | length == 0 -%}{{ return(none) }}{%- endif -%}
{%- set name = schema ~ '.' ~ table -%}
{#- A build reads it several times, and a row is known by its position. -#}
{%- if found[0]['table_type'] != 'BASE TABLE' -%}
    {{ exceptions.raise_compiler_error(name ~ " is a view: make it a table, whose rows keep their order while a build reads them.") }}
{%- endif -%}
{%- do customer_scores.check_has_rows(name) -%}
{%- set types = {} -%}
{%- for row in run_query("describe " ~ name).rows -%}
    {%- do types.update({row['column_name'] | lower: row['column_type']}) -%}
{%- endfor -%}
{%- set row_number = '("delivered row".rowid + 1)' -%}
{{ return({
    'reader': name,
    'first_file': name,
    'files': [],
    'types': types,
    'row_number': row_number,
    'row_digest': customer_scores.digest([row_number, '"delivered row"']),
    'raw_row': '"delivered row"',
}) }}
{% endmacro %}


{% macro duckdb_raw_source(files, table) %}
{#- What reads those of the raw folder's files that are of one raw table: {reader, first_file, types by column, keys of JSON
  by column, row_number, row_digest, raw_row, files}, or none where there is no file. -#}
{#- Whatever begins with the table's name is meant for it: what cannot be read must not be passed over in silence. -#}
{%- set found = [] -%}
{%- for row in files if row['name'].startswith(table) -%}{%- do found.append(row) -%}{%- endfor -%}
{%- if found | length == 0 -%}{{ return(none) }}{%- endif -%}
{%- for row in found if row['format'] not in ['parquet', 'csv', 'jsonl'] -%}
    {{ exceptions.raise_compiler_error(
        row['file'] ~ " is named like the raw table " ~ table ~ ", but is no .parquet, .csv or .jsonl: convert it, or take it away."
    ) }}
{%- endfor -%}
{%- set formats = found | map(attribute='format') | unique | list -%}
{%- if formats | length > 1 -%}
    {{ exceptions.raise_compiler_error(
        table ~ " comes in more than one format (" ~ found | map(attribute='file') | join(', ') ~ "): keep one format, or no row can be told from its copy."
    ) }}
{%- endif -%}
{%- set paths = [] -%}
{%- for row in found -%}
    {%- do paths.append("'" ~ customer_scores.duckdb_path(row['file']) ~ "'") -%}
{%- endfor -%}
{%- set paths = '[' ~ paths | join(', ') ~ ']' -%}
{%- set first_file = found[0]['file'] -%}
{#- Text is read as text with a fixed dialect: what a value means is judged row by row, never guessed from a sample. -#}
{%- if formats[0] == 'parquet' -%}
    {%- set reader = "read_parquet(" ~ paths ~ ", union_by_name = true, hive_partitioning = false)" -%}
{%- elif formats[0] == 'csv' -%}
    {%- set reader = "read_csv(" ~ paths ~ ", all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"', "
        ~ "comment = '', skip = 0, strict_mode = true, union_by_name = true, hive_partitioning = false, max_line_size = 33554432)" -%}
{%- else -%}
    {%- set reader = "(select case when json_valid(line) then line end as document, line from read_csv(" ~ paths
        ~ ", auto_detect = false, header = false, columns = {'line': 'varchar'}, delim = e'\\x1F', quote = '', escape = '', "
        ~ "comment = '', skip = 0, strict_mode = false, max_line_size = 33554432) where trim(line) <> '')" -%}
{%- endif -%}
{%- if run_query("select 1 from " ~ reader ~ " limit 1").rows | length == 0 -%}
    {{ exceptions.raise_compiler_error(
        table ~ " has no rows in " ~ first_file ~ ": deliver the rows, or take the file away if the company has none."
    ) }}
{%- endif -%}
{#- Position over all files. For Parquet from what the files say of themselves, so that a filter on the time of load still skips what it
  can; a running number would make DuckDB read every row. -#}
{%- set row_number = 'row_number() over ()' -%}
{%- if formats[0] == 'parquet' -%}
    {%- set rows_of = {} -%}
    {%- for row in run_query("select file_name, num_rows from parquet_file_metadata(" ~ paths ~ ")").rows -%}
        {%- do rows_of.update({row['file_name']: row['num_rows'] | int}) -%}
    {%- endfor -%}
    {%- set rows_before = [0] -%}
    {%- for row in found -%}{%- do rows_before.append(rows_before[-1] + rows_of[row['file']]) -%}{%- endfor -%}
    {%- set row_number = '(' ~ rows_before[:-1] ~ '[cast(file_index as bigint) + 1] + cast(file_row_number as bigint) + 1)' -%}
{%- endif -%}
{#- Names are compared without their case: `Score` is `score`, not a column to be ignored. -#}
{%- set types = {} -%}
{%- set keys = {} -%}
{%- if formats[0] == 'jsonl' -%}
    {%- for row in run_query("select distinct unnest(json_keys(document)) as name from " ~ reader ~ " order by name").rows -%}
        {%- do keys.update({row['name'] | lower: keys.get(row['name'] | lower, []) + [row['name']]}) -%}
        {%- do types.update({row['name'] | lower: 'JSON'}) -%}
    {%- endfor -%}
{%- else -%}
    {%- for row in run_query("describe select * from " ~ reader).rows -%}
        {%- do types.update({row['column_name'] | lower: row['column_type']}) -%}
    {%- endfor -%}
{%- endif -%}
{{ return({
    'reader': reader,
    'first_file': first_file,
    'files': found | map(attribute='file') | list,
    'types': types,
    'keys': keys,
    'row_number': row_number,
    'row_digest': customer_scores.digest([row_number, '"delivered row"']),
    'raw_row': "coalesce(document, cast(to_json(line) as varchar))" if formats[0] == 'jsonl'
        else '"delivered row"',
}) }}
{% endmacro %}


{% macro duckdb_delivered_view(table, columns, source) %}
{#- The statement that creates delivered.<table>: the contract's columns in the contract's order, the row's position, its whole content, and a
  number that changes with either. -#}
{%- set delivered = customer_scores.delivered_types(table, columns, source, {
    'id': '^(VARCHAR|JSON|UUID|ENUM.*|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|"NULL")$',
    'time': '^(VARCHAR|JSON|DATE|TIMESTAMP.*|"NULL")$',
    'number': '^(VARCHAR|JSON|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL.*|"NULL")$',
}) -%}
{%- set selected = [] -%}
{%- for column, rule in columns.items() -%}
    {%- set type = delivered[column] -%}
    {%- if type == 'JSON' -%}
        {%- do selected.append("coalesce(document ->> '$." ~ source['keys'][column] | join("', document ->> '$.") ~ "') as " ~ column) -%}
    {%- elif type and type != '"NULL"' -%}
        {%- do selected.append('"delivered row"."' ~ column ~ '" as ' ~ column) -%}
    {%- else -%}
        {%- do selected.append(customer_scores.null_column(column, rule[0])) -%}
    {%- endif -%}
{%- endfor -%}
create or replace view delivered.{{ table }} as
select
    {{ selected | join(',\n    ') }},
{%- if source %}
    {{ source.row_number }} as row_number,
    {{ source.raw_row }} as raw_row,
    {{ source.row_digest }} as row_digest
from {{ source.reader }} as "delivered row"
{%- else %}
    cast(null as bigint) as row_number,
    cast(null as varchar) as raw_row,
    cast(null as bigint) as row_digest
where false
{%- endif %}
{% endmacro %}
