{% test unique_together(model, columns, partitions=none, partition=none) %}
{#-
  Each combination of the columns stands once, and none of them is null. Of a model that is kept from build to build, only what this build made is looked
  at: `partitions` names the model that says which values of `partition` are stale.
-#}
select
    {{ columns | join(', ') }},
    count(*) as copies
from {{ model }}
{%- if partitions %}
where {{ partition }} in (select stale.{{ partition }} from {{ ref(partitions) }} as stale where stale.is_stale)
{%- endif %}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}
{% endtest %}
