-- One row: the numbers that value, retention and the quadrants rest on, each in a column of its own.
with rules as (
    select * from {{ ref('value_rules') }}
)

select
    max(case when parameter = 'gross_margin' then value end) as gross_margin,
    max(case when parameter = 'annual_discount_rate' then value end) as annual_discount_rate,
    cast(max(case when parameter = 'clv_months' then value end) as integer) as clv_months,
    cast(max(case when parameter = 'pattern_days' then value end) as integer) as pattern_days,
    max(case when parameter = 'engaged_from' then value end) as engaged_from,
    max(case when parameter = 'satisfied_from' then value end) as satisfied_from,
    cast(max(case when parameter = 'inactive_days' then value end) as integer) as inactive_days
from rules
