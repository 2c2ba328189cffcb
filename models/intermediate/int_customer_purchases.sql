-- One row per customer with a purchase or a refund: what it bought, in all and in the spans that value is judged by.
with transactions as (
    select * from {{ ref('int_transactions') }}
),

rules as (
    select * from {{ ref('int_value_rules') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Each span begins after its day.
spans as (
    select
        {{ add_days(
            'as_of.as_of_date', '-cast(round(rules.clv_months * ' ~ mean_days_of_month() ~ ') as integer)'
        ) }} as value_after,
        {{ add_days('as_of.as_of_date', '-rules.pattern_days') }} as recent_after,
        {{ add_days('as_of.as_of_date', '-2 * rules.pattern_days') }} as previous_after
    from as_of
    cross join rules
),

dated as (
    select
        transactions.*,
        transactions.gross_revenue - transactions.refunded as revenue,
        case when transactions.purchases > 0 then transactions.activity_date end as purchase_date,
        min(case when transactions.purchases > 0 then transactions.activity_date end)
            over (partition by transactions.customer_id)
            as first_purchase_date,
        transactions.activity_date > spans.value_after as is_valued,
        transactions.activity_date > spans.recent_after as is_recent,
        transactions.activity_date > spans.previous_after
        and transactions.activity_date <= spans.recent_after as is_previous
    from transactions
    cross join spans
)

select
    customer_id,
    cast(sum(purchases) as bigint) as purchases,
    cast(sum(refunds) as bigint) as refunds,
    cast(sum(gross_revenue) as decimal(38, 6)) as gross_revenue,
    cast(sum(refunded) as decimal(38, 6)) as refunded,
    cast({{ count_distinct('purchase_date') }} as bigint) as purchase_days,
    min(first_purchase_date) as first_purchase_date,
    max(purchase_date) as last_purchase_date,
    cast(
        sum(case when purchase_date > first_purchase_date then gross_revenue else 0 end) as decimal(38, 6)
    ) as repeat_revenue,
    cast(sum(case when is_valued then revenue else 0 end) as decimal(38, 6)) as valued_revenue,
    cast(sum(case when is_recent then purchases else 0 end) as bigint) as recent_purchases,
    cast(sum(case when is_recent then gross_revenue else 0 end) as decimal(38, 6)) as recent_gross_revenue,
    cast(sum(case when is_previous then purchases else 0 end) as bigint) as previous_purchases,
    cast(sum(case when is_previous then gross_revenue else 0 end) as decimal(38, 6)) as previous_gross_revenue
from dated
group by customer_id
