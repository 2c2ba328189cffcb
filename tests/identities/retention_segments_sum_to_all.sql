-- Nobody who is there, kept, gone, new or back drops out of a dimension or counts twice in it.
with splits as (
    select
        period_start,
        segment_dimension,
        sum(customers_at_start) as customers_at_start,
        sum(retained) as retained,
        sum(churned) as churned,
        sum(by_inactivity) as by_inactivity,
        sum(new_customers) as new_customers,
        sum(returned_customers) as returned_customers,
        sum(customers_at_end) as customers_at_end
    from {{ ref('retention') }}
    group by period_start, segment_dimension
),

totals as (
    select * from splits
    where segment_dimension = 'all'
)

select splits.*
from splits
left join totals on splits.period_start = totals.period_start
where
    splits.customers_at_start is distinct from totals.customers_at_start
    or splits.retained is distinct from totals.retained
    or splits.churned is distinct from totals.churned
    or splits.by_inactivity is distinct from totals.by_inactivity
    or splits.new_customers is distinct from totals.new_customers
    or splits.returned_customers is distinct from totals.returned_customers
    or splits.customers_at_end is distinct from totals.customers_at_end
