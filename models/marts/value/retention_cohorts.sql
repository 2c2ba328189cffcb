-- One row per basis, segment value, cohort and month since: how many of the customers first seen in a month are kept.
with cohorts as (
    select * from {{ ref('int_cohorts') }}
),

presence as (
    select * from {{ ref('int_presence_months') }}
),

-- A customer has a row in each month since it was first seen, so a month in which nobody is kept is there too.
counts as (
    select
        cohorts.segment_dimension,
        cohorts.segment_value,
        cohorts.cohort_month,
        presence.period_start,
        cast(count(*) as bigint) as customers,
        cast(count(case when presence.is_active then 1 end) as bigint) as active_customers,
        cast(count(case when presence.is_there then 1 end) as bigint) as customers_there
    from cohorts
    inner join presence on cohorts.customer_id = presence.customer_id
    group by cohorts.segment_dimension, cohorts.segment_value, cohorts.cohort_month, presence.period_start
),

bases as (
    select
        'activity' as basis,
        counts.*,
        counts.active_customers as retained
    from counts
    union all
    select
        'presence' as basis,
        counts.*,
        counts.customers_there as retained
    from counts
),

dated as (
    select
        bases.*,
        {{ months_between('bases.cohort_month', 'bases.period_start') }} as months_since,
        {{ month_end('bases.period_start') }} as period_end
    from bases
)

select
    basis,
    segment_dimension,
    segment_value,
    cohort_month,
    months_since,
    period_start,
    period_end,
    period_end <= (select as_of.as_of_date from {{ ref('int_as_of') }} as as_of) as is_complete,
    customers,
    retained,
    {{ ratio('retained', 'customers') }} as retention_rate,
    {{ wilson_bound('retained', 'customers', '-') }} as retention_low,
    {{ wilson_bound('retained', 'customers', '+') }} as retention_high,
    {{ build_columns() }}
from dated
