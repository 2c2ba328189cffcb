-- Who reads a lifetime value can compute it again from the row and from `retention`, and knows why where there is none.
with months as (
    select * from {{ ref('retention') }}
    where segment_dimension = 'all' and period_end <= as_of_date
),

expected as (
    select
        sum(months.retained) as retained,
        nullif(sum(months.customers_at_start), 0) as customers_at_start,
        min(rules.annual_discount_rate) as annual_discount_rate
    from {{ ref('int_value_rules') }} as rules
    left join months
        on {{ months_between('months.period_start', add_days('months.as_of_date', 1)) }} <= rules.clv_months
),

compared as (
    select
        customers.customer_id,
        customers.lifecycle_stage = 'churned' as has_left,
        customers.acquisition_cost,
        customer_value.margin_per_month,
        customer_value.monthly_retention,
        customer_value.monthly_discount,
        customer_value.clv,
        customer_value.clv_per_acquisition_dollar,
        expected.retained / cast(expected.customers_at_start as {{ type_double() }}) as retention,
        expected.annual_discount_rate
    from {{ ref('dim_customers') }} as customers
    inner join {{ ref('customer_value') }} as customer_value on customers.customer_id = customer_value.customer_id
    cross join expected
)

select *
from compared
where
    margin_per_month is null
    or abs(power(1 + monthly_discount, 12) - 1 - annual_discount_rate) > 1e-9
    or (monthly_retention is null) <> (retention is null)
    or abs(monthly_retention - retention) > 1e-9
    or monthly_retention not between 0 and 1
    or (has_left and clv is distinct from 0)
    -- m · r = clv · (1 + i − r): what the customer brings in a month keeps up its value.
    or (
        not has_left
        and abs(margin_per_month * monthly_retention - clv * (1 + monthly_discount - monthly_retention))
        > 1e-9 * (1 + abs(clv))
    )
    or (not has_left and (clv is null) <> (monthly_retention is null or 1 + monthly_discount <= monthly_retention))
    or (clv_per_acquisition_dollar is null) <> (clv is null or coalesce(acquisition_cost, 0) = 0)
    or abs(clv_per_acquisition_dollar * acquisition_cost - clv) > 1e-9 * (1 + abs(clv))
