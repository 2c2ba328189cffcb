-- Not an error: the customer is inferred, with segment `unknown`.
{{ config(severity='warn') }}
with customers as (
    select
        sum(cast(is_inferred as integer)) as inferred,
        count(*) as customers
    from {{ ref('dim_customers') }}
)

-- Where there is no list at all, nobody is missing in it.
select
    cast(inferred as {{ dbt.type_string() }})
    || ' customers appear in events or answers only: segment unknown.' as problem
from customers
where inferred > 0 and inferred < customers
