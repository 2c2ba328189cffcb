{% macro decay_steps() %}
{#-
  How much an event counts by its age: a list of {age_from, age_to, factor}, ages in days, factor as text with nine places.
  Without a half-life one step of factor 1 covers the window; with one, each day of age has its own.
-#}
{%- set last_age = customer_scores.score_window_days() - 1 -%}
{%- set half_life = customer_scores.setting_number('score_half_life_days', 0.1, 10000) -%}
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
{#- Points of a ledger line, DECIMAL(18, 6); a type without a weight earns nothing. Whoever rounds elsewhere breaks the receipts. -#}
cast(round(coalesce({{ weight }}, 0) * {{ event_count }} * {{ factor }}, 6) as decimal(18, 6))
{%- endmacro %}


{% macro interpolate(value, from_value, to_value, from_score, to_score) -%}
{#- The score of a value on the line between two cut points, as a double; the first cut's score where the line has no end. -#}
case
    when {{ from_value }} is null or {{ to_value }} is null then cast({{ from_score }} as double precision)
    else cast({{ from_score }} as double precision)
        + cast({{ to_score }} - {{ from_score }} as double precision)
        * cast({{ value }} - {{ from_value }} as double precision)
        / cast({{ to_value }} - {{ from_value }} as double precision)
end
{%- endmacro %}
