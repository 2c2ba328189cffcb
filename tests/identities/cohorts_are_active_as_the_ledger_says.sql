-- Over all cohorts, as many are active in a month as customers first seen since the first cohort have an event in it.
with cohorts as (
    select
        period_start,
        sum(retained) as customers
    from {{ ref('retention_cohorts') }}
    where basis = 'activity' and segment_dimension = 'all'
    group by period_start
),

active as (
    select distinct
        activity.customer_id,
        {{ month_start('activity.activity_date') }} as period_start
    from {{ ref('fct_activity_daily') }} as activity
    inner join {{ ref('dim_customers') }} as customers
        on activity.customer_id = customers.customer_id
        and customers.first_seen_date >= (
            select min(cohorts.cohort_month) from {{ ref('retention_cohorts') }} as cohorts
        )
),

counts as (
    select
        period_start,
        count(*) as customers
    from active
    group by period_start
)

select
    coalesce(cohorts.period_start, counts.period_start) as period_start,
    cohorts.customers,
    counts.customers as customers_of_ledger
from cohorts
full outer join counts on cohorts.period_start = counts.period_start
where coalesce(cohorts.customers, 0) <> coalesce(counts.customers, 0)
