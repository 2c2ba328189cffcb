-- One row per customer, segment dimension and span of days during which one value held.
{#- All dimensions in one pass over the versions, by numbers, since a company's column may be called as one of ours. -#}
{%- set value_of = {} %}
{%- for column in segment_columns() %}
{%- do value_of.update({column: 'coalesce(versions.' ~ column ~ ", 'unknown')"}) %}
{%- endfor %}
{%- do value_of.update({'all': "'all'"}) %}
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
    select
        customers.customer_id,
        customers.customer_number,
        customers.first_seen_date,
        versions.version_date,
        {%- for value in value_of.values() %}
        {{ value }} as value_{{ loop.index }},
        {%- endfor %}
        -- A version without a time holds from first sight, unless one of that very day replaces it.
        row_number() over (
            partition by customers.customer_number, coalesce(versions.version_date, customers.first_seen_date)
            order by versions.version_date desc nulls last
        ) as recency_on_day
    from customers
    left join versions on customers.customer_id = versions.customer_id
),

compared as (
    select
        *,
        {%- for dimension in value_of %}
        lag(value_{{ loop.index }}) over history as previous_{{ loop.index }},
        {%- endfor %}
        row_number() over history as version_number
    from segment_values
    where recency_on_day = 1
    window history as (partition by customer_number order by version_date nulls first)
),

changes as (
    {%- for dimension in value_of %}
    select
        customer_id,
        customer_number,
        '{{ dimension }}' as segment_dimension,
        value_{{ loop.index }} as segment_value,
        -- The first version also covers the days before it: nothing better is known about them.
        case when version_number = 1 then first_seen_date else version_date end as valid_from
    from compared
    where version_number = 1 or value_{{ loop.index }} <> previous_{{ loop.index }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    customer_id,
    segment_dimension,
    segment_value,
    valid_from,
    {{ add_days('lead(valid_from) over history', -1) }} as valid_to
from changes
window history as (partition by customer_number, segment_dimension order by valid_from)
