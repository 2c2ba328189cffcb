-- Who has churned is not there, who has subscribed and not churned is; and as many are there as retention counts today.
with customers as (
    select
        presence.customer_id,
        presence.presence_rule,
        presence.is_there,
        customers.lifecycle_stage
    from {{ ref('int_presence') }} as presence
    full outer join {{ ref('dim_customers') }} as customers on presence.customer_id = customers.customer_id
),

there as (
    select count(*) as customers from customers
    where is_there
),

today as (
    select customers_at_end as customers
    from {{ ref('retention') }}
    where segment_dimension = 'all' and period_end >= as_of_date
)

select
    customer_id,
    presence_rule,
    is_there,
    lifecycle_stage
from customers
where
    is_there is null
    or lifecycle_stage is null
    or (lifecycle_stage = 'churned' and is_there)
    or (lifecycle_stage = 'subscribed' and not is_there)
    or (lifecycle_stage in ('subscribed', 'churned')) <> (presence_rule = 'churn_date')
union all
select
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(there.customers as {{ dbt.type_string() }}) || ' there, of '
    || cast(today.customers as {{ dbt.type_string() }}) as presence_rule,
    cast(null as boolean) as is_there,
    cast(null as {{ dbt.type_string() }}) as lifecycle_stage
from there
-- A today before the data has no month to compare with.
cross join today
where there.customers <> today.customers
