{#
  The experience index and operational effort are means of named parts, each 0 to 100. The names are columns of published tables, so they
  stand here; which metric, channel or question makes a part is data (seeds experience_components, contact_channels, support_questions).
#}

{% macro experience_components() %}
{#- The components of the experience index, in the order in which they are shown. -#}
{{ return(['effort', 'empathy', 'understanding', 'effectiveness']) }}
{% endmacro %}


{% macro operational_parts() %}
{#- The parts of operational effort, in the order in which they are shown. -#}
{{ return(['channel_ease', 'wait_ease', 'resolution_satisfaction']) }}
{% endmacro %}


{% macro component_score() -%}
{#-
  A survey metric as percent of the way from the worst to the best point of its scale, from the columns of survey_sums and `higher_is`.
  Null where nothing counts. One division of whole numbers, so that a score on a band's edge stays on it.
-#}
100.0 * case
    when higher_is = 'worse' then counted * scale_max - score_total
    else score_total - counted * scale_min
end / nullif(cast(counted * (scale_max - scale_min) as {{ customer_scores.type_double() }}), 0)
{%- endmacro %}


{% macro one_column_each(names, name, value, suffix='') -%}
{#- One column per name, `<name><suffix>`: what `value` is in the group's one row where the column `name` says so, else null. -#}
{%- for each in names %}
max(case when {{ name }} = '{{ each }}' then {{ value }} end) as {{ each }}{{ suffix }}
{{- ',\n    ' if not loop.last }}
{%- endfor %}
{%- endmacro %}


{% macro mean_of(columns) -%}
{#- Mean of some columns; null where one of them is: fewer would be a mean of something else. -#}
({{ columns | join(' + ') }}) / {{ columns | length }}.0
{%- endmacro %}


{% macro names_missing(columns) -%}
{#- The names of those columns that are null, joined by commas; null where none is. -#}
nullif(concat_ws(
    ', '
    {%- for column in columns %},
    case when {{ column }} is null then '{{ column }}' end
    {%- endfor %}
), '')
{%- endmacro %}
