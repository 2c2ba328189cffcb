{#
  From what was delivered to a typed value, or null where it is not one. A typed column is used as it is; text is parsed
  strictly: `9.5` never becomes 10, 30 February is no day, an offset is honoured. `column` is a column of a raw table.
#}

{% macro duckdb__trimmed(column) -%}
{#- Text without surrounding spaces, tabs, line ends, no-break spaces and NUL characters. -#}
trim(cast({{ column }} as varchar), ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(0))
{%- endmacro %}


{% macro clean_text(column) %}
{#- Text without surrounding white space and without NUL characters, in Unicode normal form C; null where nothing is left. -#}
{{- adapter.dispatch('clean_text', 'customer_scores')(column) -}}
{% endmacro %}

{% macro duckdb__clean_text(column) -%}
{#- ASCII without white space at its ends is clean as it stands, which is found out much faster than it is cleaned. '!' is the first
  character after the space. -#}
{%- set text = 'cast(' ~ column ~ ' as varchar)' -%}
case
    when
        length({{ text }}) = strlen({{ text }})
        and {{ text }} >= '!'
        and {{ text }}[-1] >= '!'
        and not contains({{ text }}, chr(0))
        then {{ text }}
    else nullif({{ customer_scores.duckdb__trimmed("nfc_normalize(replace(" ~ text ~ ", chr(0), ''))") }}, '')
end
{%- endmacro %}


{% macro longest_text() %}
{#- Characters of a text that staging keeps of what nobody reads, such as the properties of an event. -#}
{{ return(65536) }}
{% endmacro %}


{% macro truncated_text(text) -%}
{#- `text`, or its first part and the MD5 of the whole where it is longer than longest_text: two that differ still do. -#}
case
    when length({{ text }}) > {{ customer_scores.longest_text() }}
        then left({{ text }}, {{ customer_scores.longest_text() }}) || ' ... ' || md5({{ text }})
    else {{ text }}
end
{%- endmacro %}


{% macro is_given(column) %}
{#- Whether something was delivered: true for any text that is not blank, even where it cannot be parsed. -#}
{{- adapter.dispatch('is_given', 'customer_scores')(column) -}}
{% endmacro %}

{% macro duckdb__is_given(column) -%}
case
    when typeof({{ column }}) = 'VARCHAR' then coalesce({{ customer_scores.duckdb__trimmed(column) }} <> '', false)
    else {{ column }} is not null
end
{%- endmacro %}


{% macro parse_timestamp(column) %}
{#- UTC timestamp. Text: `2025-03-01`, `2025-03-01 10:00[:00[.000000]]`, with `T` or a space, and then an optional `Z` or offset. -#}
{{- adapter.dispatch('parse_timestamp', 'customer_scores')(column) -}}
{% endmacro %}

{% macro duckdb__parse_timestamp(column) -%}
{%- set text = customer_scores.duckdb__trimmed(column) -%}
{%- set form = '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?)?' -%}
case
    when typeof({{ column }}) = 'VARCHAR'
        then case when regexp_full_match({{ text }}, '{{ form }}') then timezone('UTC', try_cast({{ text }} as timestamptz)) end
    when typeof({{ column }}) = 'TIMESTAMP WITH TIME ZONE' then timezone('UTC', cast({{ column }} as timestamptz))
    else cast({{ column }} as timestamp)
end
{%- endmacro %}


{% macro parse_decimal(column) %}
{#- DECIMAL(18, 6), rounded. Text: ASCII digits, optional sign, optional point with digits after it. -#}
{{- adapter.dispatch('parse_decimal', 'customer_scores')(column) -}}
{% endmacro %}

{% macro duckdb__parse_decimal(column) -%}
{%- set text = customer_scores.duckdb__trimmed(column) -%}
case
    when typeof({{ column }}) <> 'VARCHAR' then try_cast({{ column }} as decimal(18, 6))
    when regexp_full_match({{ text }}, '[+-]?[0-9]{1,12}([.][0-9]{1,17})?') then try_cast({{ text }} as decimal(18, 6))
end
{%- endmacro %}


{% macro parse_whole_number(column) %}
{#- Integer; null where the number has a fraction: 9.0 is 9, 9.5 is nothing. -#}
{{- adapter.dispatch('parse_whole_number', 'customer_scores')(column) -}}
{% endmacro %}

{% macro duckdb__parse_whole_number(column) -%}
{#- Looked at before it is rounded to anything: 8.9999999 is not 9. -#}
{%- set text = customer_scores.duckdb__trimmed(column) -%}
case
    when typeof({{ column }}) = 'VARCHAR'
        then case when regexp_full_match({{ text }}, '[+-]?[0-9]{1,9}([.]0+)?') then cast(cast({{ text }} as decimal(18, 6)) as integer) end
    when try_cast({{ column }} as double) = round(try_cast({{ column }} as double)) and abs(try_cast({{ column }} as double)) < 1e9
        then cast(try_cast({{ column }} as double) as integer)
end
{%- endmacro %}


{% macro reporting_date(timestamp) %}
{#- The day of a UTC timestamp in the reporting zone. -#}
{{- adapter.dispatch('reporting_date', 'customer_scores')(timestamp, customer_scores.reporting_timezone()) -}}
{% endmacro %}

{% macro default__reporting_date(timestamp, zone) -%}
{%- if zone == 'UTC' -%} cast({{ timestamp }} as date)
{%- else -%} cast(timezone('{{ zone }}', timezone('UTC', {{ timestamp }})) as date)
{%- endif -%}
{%- endmacro %}


{% macro row_as_text(row) %}
{#- A delivered row as JSON. It is made late, for the few rows that are kept whole. -#}
{{- adapter.dispatch('row_as_text', 'customer_scores')(row) -}}
{% endmacro %}

{% macro duckdb__row_as_text(row) -%}
case when typeof({{ row }}) = 'VARCHAR' then cast({{ row }} as varchar) else cast(to_json({{ row }}) as varchar) end
{%- endmacro %}
