-- One row per customer and day that a window holds which is made anew: the scaffold to which activity is joined.
{{ config(materialized='view') }}
{%- set window_days = score_window_days() %}
with customers as (
    select * from {{ ref('int_customers') }}
),

days as (
    select * from {{ ref('int_score_days') }}
)

-- Every day from first sight to churn, silent days too: silence is a finding.
select
    customers.customer_number,
    days.day,
    days.is_score_date,
    -- Half a window is not comparable with a full one, and no event ever is not silence.
    coalesce(
        days.day >= {{ add_days('customers.observed_from', window_days - 1) }}
        and days.day >= customers.first_active_date,
        false
    ) as is_scored
from days
inner join customers
    on days.day >= customers.observed_from
    and days.day <= coalesce(customers.churned_date, customers.as_of_date)
