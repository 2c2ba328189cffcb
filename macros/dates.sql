{% macro add_days(date, days) %}
{#- A date so many days later; `days` is a whole number or an integer column. -#}
{{- adapter.dispatch('add_days', 'customer_scores')(date, days) -}}
{% endmacro %}

{% macro default__add_days(date, days) -%}
({{ date }} + {{ days }})
{%- endmacro %}


{% macro days_between(first, last) %}
{#- Whole days from the date `first` to the date `last`. -#}
{{- adapter.dispatch('days_between', 'customer_scores')(first, last) -}}
{% endmacro %}

{% macro default__days_between(first, last) -%}
({{ last }} - {{ first }})
{%- endmacro %}


{% macro month_start(date) -%}
{#- The first day of a date's month. -#}
cast(date_trunc('month', {{ date }}) as date)
{%- endmacro %}


{% macro month_end(date) -%}
{#- The last day of a date's month. -#}
{{ customer_scores.add_days(customer_scores.add_months(customer_scores.month_start(date), 1), -1) }}
{%- endmacro %}


{% macro quarter_start(date) -%}
{#- The first day of a date's quarter. -#}
cast(date_trunc('quarter', {{ date }}) as date)
{%- endmacro %}


{% macro add_months(date, months) -%}
{#- The same day so many months later; `months` is a whole number. -#}
cast({{ date }} + interval '{{ months }}' month as date)
{%- endmacro %}


{% macro mean_days_of_month() -%}
{#- Days of a month on average, for spans of months that begin on any day: a year is 365.25 days. -#}
{{ return('(365.25 / 12)') }}
{%- endmacro %}


{% macro months_between(first, last) -%}
{#- Months from the first day of a month to the first day of another, a whole number. -#}
cast(
    12 * (extract(year from {{ last }}) - extract(year from {{ first }}))
    + extract(month from {{ last }}) - extract(month from {{ first }}) as integer
)
{%- endmacro %}


{% macro calendar_periods(date, first_date, last_date) -%}
{#- The calendar periods of a date by grain, each with its first and last day; `all` reaches from `first_date` to `last_date`. -#}
{{ return({
    'month': [customer_scores.month_start(date), customer_scores.month_end(date)],
    'quarter': [
        customer_scores.quarter_start(date),
        customer_scores.add_days(customer_scores.add_months(customer_scores.quarter_start(date), 3), -1),
    ],
    'all': [first_date, last_date],
}) }}
{%- endmacro %}


{% macro next_sunday(date) -%}
{#- The last day of a date's ISO week. 2 January 2000 was a Sunday; dates before it are no dates of ours (DECISIONS D13). -#}
{%- set days = customer_scores.days_between("cast('2000-01-02' as date)", date) -%}
{{ customer_scores.add_days(date, 'cast((7 - ' ~ days ~ ' % 7) % 7 as integer)') }}
{%- endmacro %}


{% macro is_sunday(date) -%}
{#- Whether a date is the last day of an ISO week. -#}
{{ customer_scores.next_sunday(date) }} = {{ date }}
{%- endmacro %}


{% macro date_series(first, last) %}
{#- A subquery of one column `day`: every day from `first` to `last`, both scalar expressions. -#}
{{- adapter.dispatch('date_series', 'customer_scores')(first, last) -}}
{% endmacro %}

{% macro duckdb__date_series(first, last) -%}
(select cast(day as date) as day from generate_series({{ first }}, {{ last }}, interval '1' day) as series (day))
{%- endmacro %}


{% macro days_of_month(date) %}
{#- An aggregate: the days of one month on which a group has a date, as the bits of a number. So days that groups share count once where groups are put
  together, by all_days_of_month. -#}
{{- adapter.dispatch('days_of_month', 'customer_scores')(date) -}}
{% endmacro %}

{% macro duckdb__days_of_month(date) -%}
bit_or(1 << (day({{ date }}) - 1))
{%- endmacro %}


{% macro all_days_of_month(days) -%}
{#- An aggregate: the days of all groups that days_of_month made. -#}
bit_or({{ days }})
{%- endmacro %}


{% macro count_days(days) %}
{#- How many days are in a number that days_of_month made. -#}
{{- adapter.dispatch('count_days', 'customer_scores')(days) -}}
{% endmacro %}

{% macro duckdb__count_days(days) -%}
bit_count({{ days }})
{%- endmacro %}


{% macro holds_on(spans, day) -%}
{#- Join condition: the row of `spans`, from its valid_from to its valid_to, that holds on a day; an open end reaches for ever. -#}
{{ day }} >= {{ spans }}.valid_from
    and {{ day }} <= coalesce({{ spans }}.valid_to, cast('9999-12-31' as date))
{%- endmacro %}


{% macro month_series(first, last) -%}
{#- A subquery of one column `period_start`: the first day of each month from that of `first` to that of `last`, both scalar expressions. -#}
(select distinct {{ customer_scores.month_start('day') }} as period_start from {{ customer_scores.date_series(first, last) }} as days)
{%- endmacro %}


{% macro hours_between(first, last) %}
{#- Hours from one timestamp to another, as a double. -#}
{{- adapter.dispatch('hours_between', 'customer_scores')(first, last) -}}
{% endmacro %}

{% macro default__hours_between(first, last) -%}
cast(extract(epoch from ({{ last }} - {{ first }})) as {{ customer_scores.type_double() }}) / 3600.0
{%- endmacro %}


{% macro add_seconds(timestamp, seconds) %}
{#- A timestamp so many seconds later; `seconds` is a decimal with at most six places. -#}
{{- adapter.dispatch('add_seconds', 'customer_scores')(timestamp, seconds) -}}
{% endmacro %}

{% macro duckdb__add_seconds(timestamp, seconds) -%}
{{ timestamp }} + to_microseconds(cast({{ seconds }} * 1000000 as bigint))
{%- endmacro %}


{% macro seconds_between(first, last) %}
{#- Seconds from one timestamp to another, DECIMAL(18, 6), to the microsecond. -#}
{{- adapter.dispatch('seconds_between', 'customer_scores')(first, last) -}}
{% endmacro %}

{% macro duckdb__seconds_between(first, last) -%}
cast(cast(date_diff('microsecond', {{ first }}, {{ last }}) as decimal(18, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6))
{%- endmacro %}
