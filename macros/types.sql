{#
  Types whose names differ between engines; dbt.type_string() names text. DECIMAL(p, s), INTEGER, BIGINT, DATE and TIMESTAMP are called so everywhere.
#}

{% macro type_double() %}
{#- A floating-point number of 64 bits. -#}
{{- adapter.dispatch('type_double', 'customer_scores')() -}}
{% endmacro %}

{% macro default__type_double() -%}
double precision
{%- endmacro %}


{% macro type_wide_integer() %}
{#- A whole number of 38 digits at least. -#}
{{- adapter.dispatch('type_wide_integer', 'customer_scores')() -}}
{% endmacro %}

{% macro default__type_wide_integer() -%}
decimal(38, 0)
{%- endmacro %}

{% macro duckdb__type_wide_integer() -%}
{#- Twice as fast as a decimal. -#}
hugeint
{%- endmacro %}


{% macro whole_quotient(dividend, divisor) %}
{#- How often a whole number, the divisor, is contained in another; neither is negative, and the divisor is not 0. -#}
{{- adapter.dispatch('whole_quotient', 'customer_scores')(dividend, divisor) -}}
{% endmacro %}

{% macro duckdb__whole_quotient(dividend, divisor) -%}
(({{ dividend }}) // ({{ divisor }}))
{%- endmacro %}
