-- A cohort has one size, all its months without a gap up to today, and in each at most that many customers.
with cohorts as (
    select
        basis,
        segment_dimension,
        segment_value,
        cohort_month,
        as_of_date,
        count(*) as months,
        min(months_since) as first_month,
        max(months_since) as last_month,
        min(customers) as customers,
        max(customers) as most_customers,
        min(retained) as least_retained,
        max(retained) as most_retained,
        max(period_start) as last_period
    from {{ ref('retention_cohorts') }}
    group by basis, segment_dimension, segment_value, cohort_month, as_of_date
)

select *
from cohorts
where
    first_month <> 0
    or months <> last_month + 1
    or last_period <> {{ month_start('as_of_date') }}
    or customers <> most_customers
    or customers < 1
    or least_retained < 0
    or most_retained > customers
