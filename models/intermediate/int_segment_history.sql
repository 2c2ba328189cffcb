-- One row per customer, segment dimension and span of days during which one value held.
with customers as (
    select * from {{ ref('int_customers') }}
),

-- The last version of a day holds for that day.
versions as (
    select * from {{ ref('int_customer_versions') }}
    where recency_on_day = 1
),

-- Left join: a customer who is not in the list belongs to `unknown`, or segments would not add up to the total.
segment_values as (
    {%- for column in segment_columns() %}
    select
        customers.customer_id,
        customers.first_seen_date,
        versions.version_date,
        '{{ column }}' as segment_dimension,
        coalesce(versions.{{ column }}, 'unknown') as segment_value
    from customers
    left join versions on customers.customer_id = versions.customer_id
    union all
    {%- endfor %}
    select
        customer_id,
        first_seen_date,
        cast(null as date) as version_date,
        'all' as segment_dimension,
        'all' as segment_value
    from customers
),

-- A version without a time holds from first sight, unless one of that very day replaces it.
ranked as (
    select
        *,
        row_number() over (
            partition by customer_id, segment_dimension, coalesce(version_date, first_seen_date)
            order by version_date desc nulls last
        ) as recency_on_day
    from segment_values
),

compared as (
    select
        *,
        lag(segment_value) over history as previous_value,
        row_number() over history as version_number
    from ranked
    where recency_on_day = 1
    window history as (partition by customer_id, segment_dimension order by version_date nulls first)
),

changes as (
    select
        customer_id,
        segment_dimension,
        segment_value,
        -- The first version also covers the days before it: nothing better is known about them.
        case when version_number = 1 then first_seen_date else version_date end as valid_from
    from compared
    where version_number = 1 or segment_value <> previous_value
)

select
    customer_id,
    segment_dimension,
    segment_value,
    valid_from,
    {{ add_days('lead(valid_from) over history', -1) }} as valid_to
from changes
window history as (partition by customer_id, segment_dimension order by valid_from)
