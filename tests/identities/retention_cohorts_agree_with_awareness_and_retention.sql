-- A cohort is the new customers of its month; who of them is there at the month's end is new in retention too; and of
-- those who are there later, the cohorts hold as many as were first seen since the data begin.
with cohorts as (
    select
        cohorts.basis,
        cohorts.segment_dimension,
        cohorts.segment_value,
        cohorts.period_start,
        sum(case when cohorts.months_since = 0 then cohorts.customers else 0 end) as customers,
        sum(case when cohorts.months_since = 0 then cohorts.retained else 0 end) as retained_at_once,
        sum(cohorts.retained) as retained
    from {{ ref('retention_cohorts') }} as cohorts
    group by cohorts.basis, cohorts.segment_dimension, cohorts.segment_value, cohorts.period_start
),

awareness as (
    select * from {{ ref('awareness') }}
),

retention as (
    select * from {{ ref('retention') }}
    where segment_dimension = 'all'
)

select
    awareness.segment_dimension,
    awareness.segment_value,
    awareness.period_start,
    awareness.new_customers,
    cohorts.basis,
    cohorts.customers,
    cohorts.retained_at_once,
    cohorts.retained,
    retention.new_customers as new_customers_at_end,
    retention.customers_at_end
from awareness
full outer join cohorts
    on awareness.segment_dimension = cohorts.segment_dimension
    and awareness.segment_value = cohorts.segment_value
    and awareness.period_start = cohorts.period_start
left join retention
    on cohorts.segment_dimension = retention.segment_dimension
    and cohorts.period_start = retention.period_start
where
    coalesce(awareness.new_customers, 0) <> coalesce(cohorts.customers, 0)
    or (
        cohorts.segment_dimension = 'all'
        and cohorts.basis = 'presence'
        and (
            cohorts.retained_at_once is distinct from retention.new_customers
            or not coalesce(cohorts.retained <= retention.customers_at_end, false)
        )
    )
