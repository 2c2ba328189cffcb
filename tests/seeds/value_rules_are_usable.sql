-- Each number is used under its name: one that is missing would leave everything that rests on it empty.
with known as (
    {%- for parameter, lowest, highest in [
        ('gross_margin', 0, 1), ('annual_discount_rate', 0, 10), ('clv_months', 1, 120), ('pattern_days', 1, 366),
        ('engaged_from', 1, 100), ('satisfied_from', 0, 100), ('inactive_days', 1, 366)
    ] %}
    select
        '{{ parameter }}' as parameter,
        {{ lowest }} as lowest,
        {{ highest }} as highest
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

rules as (
    select
        coalesce(known.parameter, rules.parameter) as parameter,
        known.lowest,
        known.highest,
        count(rules.parameter) as copies,
        min(rules.value) as parameter_value
    from known
    full outer join {{ ref('value_rules') }} as rules on known.parameter = rules.parameter
    group by known.parameter, rules.parameter, known.lowest, known.highest
)

select
    'value_rules.csv: ' || coalesce(parameter, '(no name)') || ' '
    || case
        when lowest is null then 'is not known: look for a misspelt name.'
        when copies <> 1 then 'must stand there once.'
        else 'needs a number from ' || lowest || ' to ' || highest || ', whole where it counts months or days.'
    end as problem
from rules
where
    lowest is null
    or copies <> 1
    or parameter_value is null
    or not parameter_value between lowest and highest
    or (parameter in ('clv_months', 'pattern_days', 'inactive_days') and parameter_value <> floor(parameter_value))
