{% macro reject_reasons(rules) %}
{#
  All reasons that hold for a row, joined by commas in the order given; an empty text where none does. `rules` is a list of
  [reason, condition]. A condition that is null does not hold.
#}
concat_ws(
    ','
    {%- for reason, condition in rules %},
    case when {{ condition }} then '{{ reason }}' end
    {%- endfor %}
)
{%- endmacro %}


{% macro has_reason(rules) %}
{#- Whether any of the reasons holds: told much faster for the many sound rows than their empty list of reasons is made. -#}
coalesce(
    {%- for reason, condition in rules %}
    {{ 'or ' if not loop.first }}{{ condition }}
    {%- endfor %},
    false
)
{%- endmacro %}


{% macro is_implausible(timestamp) -%}
{#- Whether a time is before 2000 or from 2100 on: a broken clock, or a number in the wrong unit. -#}
({{ timestamp }} < cast('2000-01-01' as timestamp) or {{ timestamp }} >= cast('2100-01-01' as timestamp))
{%- endmacro %}


{% macro is_future(timestamp) -%}
{#- Whether a time is more than five minutes after its load: clocks differ by seconds, not by more. -#}
{{ timestamp }} > loaded_at + interval '5' minute
{%- endmacro %}


{% macro judge(id, content) %}
{#
  The last step of a staging model, after a CTE `reasoned` with `own_reasons`, `load_time` and `row_number`: CTE `judged` adds
  `verdict` (accepted, duplicate, rejected) and `reject_reasons`. Rows that are rejected alone take no part in the comparison of copies.
  `id` (never null) and `content` are lists of columns. Finding the few repeated ids first is far cheaper than a window over all rows.
#}
repeated as (
    select {{ id | join(', ') }}
    from reasoned
    where own_reasons = ''
    group by {{ id | join(', ') }}
    having count(*) > 1
),

-- The copy loaded first stands; among copies loaded at once, the one that stands first in the source.
copies as (
    select
        reasoned.row_number,
        row_number() over first_loaded as copy_number,
        {%- for column in content %}
        reasoned.{{ column }},
        first_value(reasoned.{{ column }}) over first_loaded as first_{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from reasoned
    inner join repeated
        on {% for column in id %}reasoned.{{ column }} = repeated.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
    where reasoned.own_reasons = ''
    window first_loaded as (
        partition by {% for column in id %}reasoned.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
        order by reasoned.load_time, reasoned.row_number
    )
),

later_copies as (
    select
        row_number,
        {% for column in content -%}
        coalesce({{ column }} = first_{{ column }}, {{ column }} is null and first_{{ column }} is null)
        {{- ' and ' if not loop.last }}
        {% endfor -%}
        as is_same
    from copies
    where copy_number > 1
),

judged as (
    select
        reasoned.*,
        case when not later_copies.is_same then 'conflicting_duplicate' else reasoned.own_reasons end as reject_reasons,
        case
            when reasoned.own_reasons <> '' or not later_copies.is_same then 'rejected'
            when later_copies.is_same then 'duplicate'
            else 'accepted'
        end as verdict
    from reasoned
    left join later_copies on reasoned.row_number = later_copies.row_number
)
{%- endmacro %}
