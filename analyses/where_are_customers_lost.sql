-- One row per segment: of the customers at the start of each complete month of the last year, how many stayed, with the
-- interval of that share.
with retention as (
    select * from {{ ref('retention') }}
    where is_complete and period_start >= {{ add_months(month_start(add_days('as_of_date', 1)), -12) }}
),

counts as (
    select
        segment_dimension,
        segment_value,
        sum(customers_at_start) as customer_months,
        sum(retained) as retained
    from retention
    group by segment_dimension, segment_value
    having sum(customers_at_start) > 0
)

select
    segment_dimension,
    segment_value,
    customer_months,
    retained,
    {{ ratio('retained', 'customer_months') }} as monthly_retention,
    {{ wilson_bound('retained', 'customer_months', '-') }} as retention_low,
    {{ wilson_bound('retained', 'customer_months', '+') }} as retention_high
from counts
order by segment_dimension, monthly_retention
