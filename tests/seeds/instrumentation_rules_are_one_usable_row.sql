-- Without one rule no day is judged; with two each day is judged twice. Where nobody need be expected, every silent day
-- would be a break.
with rules as (
    select
        count(*) as rules,
        count(case when max_share >= 0 and max_share < 1 and min_expected_customers >= 1 then 1 end) as usable_rules
    from {{ ref('instrumentation_rules') }}
)

select
    'instrumentation_rules.csv has ' || cast(rules as {{ dbt.type_string() }}) || ' rows, of which '
    || cast(usable_rules as {{ dbt.type_string() }})
    || ' can be used: give one row, with max_share from 0 to below 1 and min_expected_customers of 1 or more.'
        as problem
from rules
where rules <> 1 or usable_rules <> 1
