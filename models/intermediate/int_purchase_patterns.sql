-- One row per customer with a purchase or a refund: its last days of purchases held against as many days before.
with purchases as (
    select * from {{ ref('int_customer_purchases') }}
)

select
    customer_id,
    recent_purchases,
    previous_purchases,
    {{ ratio('recent_gross_revenue', 'recent_purchases') }} as recent_mean_amount,
    {{ ratio('previous_gross_revenue', 'previous_purchases') }} as previous_mean_amount,
    case
        -- Multiplied rather than divided, which is exact: to a machine 0.3 / 3 is less than 0.1. Without previous
        -- purchases both sides are 0, and nothing fell.
        when
            recent_purchases > previous_purchases
            and recent_gross_revenue * previous_purchases < previous_gross_revenue * recent_purchases
            then 'more_often_smaller'
    end as purchase_pattern
from purchases
