-- One row per accepted version of a customer that is in force by the as-of date, with its order among the
-- customer's versions.
with versions as (
    select * from {{ ref('stg_customers') }}
    where verdict = 'accepted'
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

dated as (
    select
        versions.*,
        {{ reporting_date('versions.updated_at') }} as version_date
    from versions
)

select
    dated.*,
    -- A version without a time is older than any other.
    row_number() over newest_first as recency,
    row_number() over newest_of_day as recency_on_day
from dated
inner join as_of on dated.version_date is null or dated.version_date <= as_of.as_of_date
window
    newest_first as (partition by dated.customer_id order by dated.updated_at desc nulls last),
    newest_of_day as (partition by dated.customer_id, dated.version_date order by dated.updated_at desc nulls last)
