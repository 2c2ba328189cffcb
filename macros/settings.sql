{#
  Every var reaches SQL through one of these macros, which accept one kind of value and raise otherwise: a var is pasted
  into SQL, so free text in a var could read files or rewrite a query.
#}

{% macro setting_number(name, at_least, at_most) %}
{#- The var `name` as a number from `at_least` to `at_most`, or none where it is null. -#}
{%- set value = var(name) -%}
{%- if value is none -%}{{ return(none) }}{%- endif -%}
{%- if value is not number or value is boolean or not (at_least <= value <= at_most) -%}
    {{ exceptions.raise_compiler_error(
        "The var " ~ name ~ " is " ~ (value | tojson) ~ ": give a number from " ~ at_least ~ " to " ~ at_most ~ "."
    ) }}
{%- endif -%}
{{ return(value) }}
{% endmacro %}


{% macro required_number(name, at_least, at_most) %}
{#- The var `name` as a number from `at_least` to `at_most`; null is refused. -#}
{%- set value = customer_scores.setting_number(name, at_least, at_most) -%}
{%- if value is none -%}
    {{ exceptions.raise_compiler_error("The var " ~ name ~ " is null: give a number from " ~ at_least ~ " to " ~ at_most ~ ".") }}
{%- endif -%}
{{ return(value) }}
{% endmacro %}


{% macro required_whole_number(name, at_least, at_most) %}
{#- The var `name` as a whole number from `at_least` to `at_most`; null is refused. -#}
{%- set value = customer_scores.required_number(name, at_least, at_most) -%}
{%- if value is not integer -%}
    {{ exceptions.raise_compiler_error("The var " ~ name ~ " is " ~ value ~ ": give a whole number.") }}
{%- endif -%}
{{ return(value) }}
{% endmacro %}


{% macro score_window_days() %}
{#- Length of the engagement window in days. -#}
{{ return(customer_scores.required_whole_number('score_window_days', 1, 366)) }}
{% endmacro %}


{% macro dedup_lookback_days() %}
{#- Days of load within which two rows with one event id are compared, though they do not tell the same time. -#}
{{ return(customer_scores.required_whole_number('dedup_lookback_days', 0, 10000)) }}
{% endmacro %}


{% macro score_half_life_days() %}
{#- Days after which an event counts half, or none. -#}
{{ return(customer_scores.setting_number('score_half_life_days', 0.1, 10000)) }}
{% endmacro %}


{% macro max_customer_day_events() %}
{#- Events of one customer on one day above which the build warns. -#}
{{ return(customer_scores.required_whole_number('max_customer_day_events', 1, 1000000000)) }}
{% endmacro %}


{% macro max_rejected_share() %}
{#- Greatest share of rejected rows that a table may have. -#}
{{ return(customer_scores.required_number('max_rejected_share', 0, 1)) }}
{% endmacro %}


{% macro min_answers() %}
{#- Fewest counted answers of a survey cell that is shown. -#}
{{ return(customer_scores.required_whole_number('min_answers', 1, 1000)) }}
{% endmacro %}


{% macro session_gap_minutes() %}
{#- Longest pause within a session, in minutes. -#}
{{ return(customer_scores.required_whole_number('session_gap_minutes', 1, 1440)) }}
{% endmacro %}


{% macro as_of_date_setting() %}
{#- The var as_of_date as a date literal, or a null date where it is null. -#}
{%- set value = var('as_of_date') -%}
{%- if value is none -%}{{ return("cast(null as date)") }}{%- endif -%}
{%- if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}', value | string) -%}
    {{ exceptions.raise_compiler_error("The var as_of_date is " ~ (value | string | tojson) ~ ": give a day as YYYY-MM-DD.") }}
{%- endif -%}
{{ return("cast('" ~ value ~ "' as date)") }}
{% endmacro %}


{% macro reporting_timezone() %}
{#- The name of the reporting time zone; that it exists is checked when the run starts. -#}
{%- set value = var('reporting_timezone') -%}
{%- if value is not string or not modules.re.fullmatch('[A-Za-z][A-Za-z0-9_+/-]{0,63}', value) -%}
    {{ exceptions.raise_compiler_error(
        "The var reporting_timezone is " ~ (value | string | tojson) ~ ": give a time zone's name, such as Europe/Bucharest."
    ) }}
{%- endif -%}
{{ return(value) }}
{% endmacro %}


{% macro segment_columns() %}
{#- The columns of the customers table that are segment dimensions, as a list of plain names. -#}
{%- set names = var('segment_columns') -%}
{%- if names is string or names is mapping or names is not iterable -%}
    {{ exceptions.raise_compiler_error("The var segment_columns must be a list of column names, such as [plan, region].") }}
{%- endif -%}
{%- for name in names if name is not string or not modules.re.fullmatch('[a-z_][a-z0-9_]{0,62}', name) or name == 'all' -%}
    {{ exceptions.raise_compiler_error(
        "The var segment_columns names " ~ (name | string | tojson)
        ~ ": a segment column is lower-case letters, digits and underscores, and not 'all', which covers everybody."
    ) }}
{%- endfor -%}
{{ return(names | unique | list) }}
{% endmacro %}


{% macro raw_schema() %}
{#- The schema of the work database that holds the raw tables, or none where they are files. -#}
{%- set name = var('raw_schema') -%}
{%- if name is none -%}{{ return(none) }}{%- endif -%}
{%- if name is not string or not modules.re.fullmatch('[a-z_][a-z0-9_]{0,62}', name) or name in ['delivered', 'raw'] -%}
    {{ exceptions.raise_compiler_error(
        "The var raw_schema is " ~ (name | string | tojson)
        ~ ": give the name of a schema in lower-case letters, digits and underscores, and not delivered or raw, which a build makes."
    ) }}
{%- endif -%}
{{ return(name) }}
{% endmacro %}


{% macro required_flag(name) %}
{#- The var `name` as true or false; anything else is refused, the texts 'true' and 'no' too. -#}
{%- set value = var(name) -%}
{%- if value is not boolean -%}
    {{ exceptions.raise_compiler_error("The var " ~ name ~ " is " ~ (value | tojson) ~ ": give true or false.") }}
{%- endif -%}
{{ return(value) }}
{% endmacro %}


{% macro publish_comments() %}
{#- Whether comments, and the words of them that show a theme, may stand in the published file. -#}
{{ return(customer_scores.required_flag('publish_comments')) }}
{% endmacro %}


{% macro clv_forecasts() %}
{#- Whether forecasts of purchases are made, by a model in Python. -#}
{%- set wanted = customer_scores.required_flag('clv_forecasts') -%}
{%- if wanted and not customer_scores.python_models() -%}
    {{ exceptions.raise_compiler_error("The var clv_forecasts is true and python_models is false: forecasts are a model in Python.") }}
{%- endif -%}
{{ return(wanted) }}
{% endmacro %}


{% macro python_models() %}
{#- Whether models in Python are built. -#}
{{ return(customer_scores.required_flag('python_models')) }}
{% endmacro %}
