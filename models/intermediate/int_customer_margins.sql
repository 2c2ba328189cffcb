-- One row per customer: the margin that it brings in a month.
with customers as (
    select * from {{ ref('int_customers') }}
),

purchases as (
    select * from {{ ref('int_customer_purchases') }}
),

rules as (
    select * from {{ ref('int_value_rules') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Who came half a year ago has earned its margin in half a year. But who came yesterday and bought once does not buy
-- thirty times a month: nobody has been there for less than a month.
observed as (
    select
        customers.customer_id,
        least(
            cast(rules.clv_months as {{ type_double() }}),
            ({{ days_between('greatest(customers.first_seen_date, as_of.first_date)', 'as_of.as_of_date') }} + 1)
            / {{ mean_days_of_month() }}
        ) as months
    from customers
    cross join rules
    cross join as_of
)

select
    observed.customer_id,
    cast(rules.gross_margin as {{ type_double() }}) * cast(coalesce(purchases.valued_revenue, 0) as {{ type_double() }})
    / greatest(observed.months, 1.0) as margin_per_month
from observed
left join purchases on observed.customer_id = purchases.customer_id
cross join rules
