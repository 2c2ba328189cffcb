-- One row per customer and span of days in which no segment of the customer's changed.
{#
  A profile stands for one value in each dimension: counting profiles first is one pass over the scores, whatever the number of
  dimensions.
#}
{%- set names, values = [], [] %}
{%- for dimension in segment_columns() + ['all'] %}
{%- do names.append('value_' ~ loop.index) %}
{%- set is_it = "history.segment_dimension = '" ~ dimension ~ "'" %}
{%- do values.append('max(case when ' ~ is_it ~ ' then history.segment_value end) as ' ~ names[-1]) %}
{%- endfor %}
with customers as (
    select * from {{ ref('int_customers') }}
),

history as (
    select * from {{ ref('int_segment_history') }}
),

changes as (
    select distinct
        customer_id,
        valid_from
    from history
),

profiles as (
    select
        changes.customer_id,
        changes.valid_from,
        {{ values | join(',\n        ') }}
    from changes
    inner join history
        on changes.customer_id = history.customer_id
        and {{ holds_on('history', 'changes.valid_from') }}
    group by changes.customer_id, changes.valid_from
)

select
    profiles.customer_id,
    customers.customer_number,
    profiles.valid_from,
    {{ add_days('lead(profiles.valid_from) over spans', -1) }} as valid_to,
    dense_rank() over (order by {{ names | join(', ') }}) as profile_number
from profiles
inner join customers on profiles.customer_id = customers.customer_id
window spans as (partition by profiles.customer_id order by profiles.valid_from)
