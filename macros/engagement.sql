{% macro decay_steps() %}
{#-
  How much an event counts by its age: a list of {age_from, age_to, factor}, ages in days, factor as text with nine places.
  Without a half-life one step of factor 1 covers the window; with one, each day of age has its own.
-#}
{%- set last_age = customer_scores.score_window_days() - 1 -%}
{%- set half_life = customer_scores.score_half_life_days() -%}
{%- if half_life is none -%}{{ return([{'age_from': 0, 'age_to': last_age, 'factor': '1.000000000'}]) }}{%- endif -%}
{%- set steps = [] -%}
{%- for age in range(last_age + 1) -%}
    {%- set billionths = (1000000000 * 0.5 ** (age / half_life) + 0.5) | int -%}
    {%- set factor = '%d.%09d' % (billionths // 1000000000, billionths % 1000000000) -%}
    {%- do steps.append({'age_from': age, 'age_to': age, 'factor': factor}) -%}
{%- endfor -%}
{{ return(steps) }}
{% endmacro %}


{% macro line_points(weight, event_count, factor) -%}
{#-
  Points of a ledger line, DECIMAL(18, 6); a type without a weight earns nothing. Whoever rounds elsewhere breaks the receipts. Without a half-life
  the factor is 1 and nothing needs rounding, which is most of the cost.
-#}
{%- set undecayed = 'coalesce(' ~ weight ~ ', 0) * ' ~ event_count -%}
{%- set decays = factor != '1' and customer_scores.decay_steps() | length > 1 -%}
cast({{ 'round(' ~ undecayed ~ ' * ' ~ factor ~ ', 6)' if decays else undecayed }} as decimal(18, 6))
{%- endmacro %}


{% macro weight_in_force(weights, activity) -%}
{#- Join condition: the weight (seed event_weights) of an activity's type that holds on its day; an open end reaches for ever. -#}
{{ activity }}.event_type = {{ weights }}.event_type
    and {{ activity }}.activity_date >= coalesce({{ weights }}.valid_from, cast('0001-01-01' as date))
    and {{ activity }}.activity_date <= coalesce({{ weights }}.valid_to, cast('9999-12-31' as date))
{%- endmacro %}


{% macro engagement_statuses() %}
{#- The statuses of a customer on a day, in the order of DECISIONS D5; scores are stored with the number of theirs, from 1. -#}
{{ return(['churned', 'too_new', 'never_active', 'silent', 'active']) }}
{% endmacro %}


{% macro status_number(status) -%}
{#- The number with which a status is stored. -#}
{{ customer_scores.engagement_statuses().index(status) + 1 }}
{%- endmacro %}


{% macro score_on_line(points, from_points, to_points, from_score, to_score) -%}
{#-
  The score, DECIMAL(9, 6), of points on the line between two cut points; the first cut's score where the line has no end. In whole millionths,
  rounded half up: a score is the same on every engine, and sums of scores are exact. Example: 149 between 0 -> 1 and 208 -> 100 is 71.918269.
-#}
{%- set in_millionths = ") * 1000000 as " ~ customer_scores.type_wide_integer() ~ ")" -%}
{%- set rise = "cast((" ~ to_score ~ " - " ~ from_score ~ in_millionths ~ " * cast((" ~ points ~ " - " ~ from_points ~ in_millionths -%}
{%- set run = "cast((" ~ to_points ~ " - " ~ from_points ~ in_millionths -%}
case
    when {{ from_points }} is null or {{ to_points }} is null then {{ from_score }}
    else cast({{ from_score }} + {{ customer_scores.millionths(customer_scores.divided(rise, run)) }} as decimal(9, 6))
end
{%- endmacro %}


{% macro on_line(lines, points) -%}
{#- Join condition: the row of int_scale_lines on which points lie, within one scale version. -#}
({{ lines }}.from_points is null or {{ points }} >= {{ lines }}.from_points)
    and ({{ lines }}.to_points is null or {{ points }} < {{ lines }}.to_points)
{%- endmacro %}


{% macro score_of_points(points, lines) -%}
{#- The score, DECIMAL(9, 6), of points on the row of int_scale_lines joined by on_line, where there is an event. -#}
{{ customer_scores.score_on_line(
    points, lines ~ '.from_points', lines ~ '.to_points', lines ~ '.from_score', lines ~ '.to_score'
) }}
{%- endmacro %}


{% macro score_of(points, event_count, lines) -%}
{#- The score, DECIMAL(9, 6), of points on the row of int_scale_lines joined by on_line; silence scores 1 on any scale. -#}
case
    when {{ event_count }} = 0 then cast(1 as decimal(9, 6))
    else {{ customer_scores.score_of_points(points, lines) }}
end
{%- endmacro %}


{% macro share_of(amount, part, whole) -%}
{#- amount * part / whole, DECIMAL(18, 6), rounded half away from zero; `amount` is DECIMAL, part and whole are counts and whole is not 0. -#}
{%- set product = "cast(" ~ amount ~ " * 1000000 as " ~ customer_scores.type_wide_integer() ~ ") * (" ~ part ~ ")" -%}
cast(sign({{ product }}) * {{ customer_scores.divided('abs(' ~ product ~ ')', whole) }} * cast(0.000001 as decimal(7, 6)) as decimal(18, 6))
{%- endmacro %}


{% macro share_in_percent(part, whole) -%}
{#- 100 * part / whole of two counts, DECIMAL(9, 6), rounded half up; 0 where the whole is 0. -#}
{%- set whole_number = " as " ~ customer_scores.type_wide_integer() ~ ")" -%}
coalesce({{ customer_scores.millionths(customer_scores.divided("cast(" ~ part ~ whole_number ~ " * 100000000", "cast(" ~ whole ~ whole_number)) }}, cast(0 as decimal(9, 6)))
{%- endmacro %}


{% macro divided(dividend, divisor) -%}
{#- Quotient of two whole numbers that are not negative, as the nearest whole number, halves up; null where the divisor is 0. -#}
{{ customer_scores.whole_quotient('(2 * ' ~ dividend ~ ' + ' ~ divisor ~ ')', 'nullif(2 * ' ~ divisor ~ ', 0)') }}
{%- endmacro %}


{% macro millionths(number) -%}
{#- A whole number of millionths, below a thousand in all, as DECIMAL(9, 6). -#}
cast(cast({{ number }} as decimal(12, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(9, 6))
{%- endmacro %}
