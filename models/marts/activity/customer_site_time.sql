-- One row per customer and month with a session: how often its visitors came, and how long they stayed.
{%- set period_end = month_end('sums.period_start') %}
with visitor_months as (
    select * from {{ ref('int_visitor_months') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Over the segments that the customer had in the month.
visitors as (
    select
        customer_id,
        period_start,
        sum(sessions) as sessions,
        sum(total_seconds) as total_seconds
    from visitor_months
    group by customer_id, user_id, period_start
),

sums as (
    select
        customer_id,
        period_start,
        cast(sum(sessions) as bigint) as sessions,
        cast(count(*) as bigint) as unique_visitors,
        cast(sum(total_seconds) as decimal(18, 6)) as total_seconds
    from visitors
    group by customer_id, period_start
)

select
    sums.customer_id,
    sums.period_start,
    {{ period_end }} as period_end,
    {{ period_end }} <= as_of.as_of_date as is_complete,
    sums.sessions,
    sums.unique_visitors,
    sums.total_seconds,
    {{ ratio('sums.total_seconds', 'sums.unique_visitors') }} as average_seconds_per_visitor,
    {{ build_columns() }}
from sums
cross join as_of
