{% macro duckdb__load_csv_rows(model, agate_table) %}
{#-
  Writes a seed's rows as SQL texts, which the columns' types then read. dbt's own ways would have DuckDB read the file, of a path pasted into SQL
  unescaped and shut to the run by then (duckdb_shut_files), or pass parameters, which dbt v2 cannot.
-#}
{%- set rows = [] -%}
{%- for row in agate_table.rows -%}
    {%- set values = [] -%}
    {%- for value in row -%}
        {%- do values.append('null' if value is none else "'" ~ (value | string | replace("'", "''")) ~ "'") -%}
    {%- endfor -%}
    {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
{%- endfor -%}
{%- set insert -%}
insert into {{ this }} ({{ get_seed_column_quoted_csv(model, agate_table.column_names) }}) values
{{ rows | join(',\n') }}
{%- endset -%}
{%- if rows -%}{%- do run_query(insert) -%}{%- endif -%}
{{ return(insert) }}
{% endmacro %}
