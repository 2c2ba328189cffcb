-- One row per published figure of the customer sample, beside what the marts say. The package's own summary looks at
-- days with a purchase up to 1997-09-30 (here 2014-09-30); a customer's first day is no repeat.
with purchase_days as (
    select
        customer_id,
        activity_date,
        event_count,
        amount,
        activity_date = min(activity_date) over (partition by customer_id) as is_first,
        activity_date <= date '2014-09-30' as is_calibration
    from fct_activity_daily
    where event_type = 'purchase'
),

customers as (
    select
        customer_id,
        count(*) filter (where not is_first) as repeats,
        (max(activity_date) - min(activity_date)) / 7.0 as recency_weeks,
        coalesce(avg(amount) filter (where not is_first), 0) as mean_repeat_value
    from purchase_days
    where is_calibration
    group by customer_id
)

select
    'customers' as figure,
    '2,357' as published,
    format('{:,}', count(*)) as found
from dim_customers
union all
select
    'purchases',
    '6,919',
    format('{:,}', cast(sum(event_count) as bigint))
from purchase_days
union all
select
    'revenue, dollars',
    '244,091.94',
    format('{:,.2f}', cast(sum(amount) as double))
from purchase_days
union all
select
    'repeat purchase days up to week 39',
    '2,457',
    format('{:,}', cast(sum(repeats) as bigint))
from customers
union all
select
    'customers who came back up to week 39',
    '946',
    format('{:,}', count(*) filter (where repeats > 0))
from customers
union all
select
    'mean recency up to week 39, weeks',
    '6.85',
    format('{:.2f}', cast(avg(recency_weeks) as double))
from customers
union all
select
    'mean value of a repeat day, dollars',
    '14.08',
    format('{:.2f}', cast(avg(mean_repeat_value) as double))
from customers
