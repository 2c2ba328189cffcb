-- One row per customer as of today: what it bought, how that compares with others and itself, and what it is worth.
with customers as (
    select * from {{ ref('int_customers') }}
),

purchases as (
    select * from {{ ref('int_customer_purchases') }}
),

ranks as (
    select * from {{ ref('int_purchase_ranks') }}
),

patterns as (
    select * from {{ ref('int_purchase_patterns') }}
),

margins as (
    select * from {{ ref('int_customer_margins') }}
),

rules as (
    select * from {{ ref('int_value_rules') }}
),

-- Complete months, the newest first: of the running one it is not yet known who will have stayed.
months as (
    select
        customers_at_start,
        retained,
        row_number() over (order by period_start desc) as month_rank
    from {{ ref('retention') }}
    where segment_dimension = 'all' and is_complete
),

-- One row, also without months.
rates as (
    select
        {{ ratio('sum(months.retained)', 'sum(months.customers_at_start)') }} as monthly_retention,
        power(1.0 + cast(min(rules.annual_discount_rate) as {{ type_double() }}), {{ ratio(1, 12) }}) - 1
            as monthly_discount
    from rules
    left join months on rules.clv_months >= months.month_rank
),

-- Who has left brings nothing any more: that is known, where the retention of all is an average.
valued as (
    select
        margins.customer_id,
        margins.margin_per_month,
        rates.monthly_retention,
        rates.monthly_discount,
        case
            when customers.churned_date is not null then 0.0
            else {{ customer_lifetime_value('margin_per_month', 'monthly_retention', 'monthly_discount') }}
        end as clv
    from margins
    inner join customers on margins.customer_id = customers.customer_id
    cross join rates
)

select
    customers.customer_id,
    coalesce(purchases.purchases, 0) as purchases,
    coalesce(purchases.refunds, 0) as refunds,
    coalesce(purchases.gross_revenue, 0) as gross_revenue,
    coalesce(purchases.refunded, 0) as refunded,
    coalesce(purchases.gross_revenue - purchases.refunded, 0) as revenue,
    coalesce(purchases.purchase_days, 0) as purchase_days,
    purchases.first_purchase_date,
    purchases.last_purchase_date,
    {{ days_between('purchases.last_purchase_date', 'customers.as_of_date') }} as recency_days,
    greatest(coalesce(purchases.purchase_days, 0) - 1, 0) as frequency,
    {{ days_between('purchases.first_purchase_date', 'purchases.last_purchase_date') }} as repeat_span_days,
    {{ days_between('purchases.first_purchase_date', 'customers.as_of_date') }} as age_days,
    case
        when purchases.purchase_days > 1
            then {{ ratio('purchases.repeat_revenue', '(purchases.purchase_days - 1)') }}
    end as monetary_value,
    ranks.recency_quintile,
    ranks.frequency_quintile,
    ranks.monetary_quintile,
    ranks.recency_quintile || '-' || ranks.frequency_quintile || '-' || ranks.monetary_quintile as rfm_segment,
    valued.margin_per_month,
    valued.monthly_retention,
    valued.monthly_discount,
    valued.clv,
    valued.clv / nullif(cast(customers.acquisition_cost as {{ type_double() }}), 0) as clv_per_acquisition_dollar,
    coalesce(patterns.recent_purchases, 0) as recent_purchases,
    coalesce(patterns.previous_purchases, 0) as previous_purchases,
    patterns.recent_mean_amount,
    patterns.previous_mean_amount,
    patterns.purchase_pattern,
    {{ build_columns() }}
from customers
inner join valued on customers.customer_id = valued.customer_id
left join purchases on customers.customer_id = purchases.customer_id
left join ranks on customers.customer_id = ranks.customer_id
left join patterns on customers.customer_id = patterns.customer_id
