-- Not an error: a customer may be large. But a loop in what records events, or a robot, lifts a score likewise.
{{ config(severity='warn') }}
{%- set limit = max_customer_day_events() %}
select
    'customer ' || customer_id || ' has ' || cast(sum(event_count) as {{ dbt.type_string() }}) || ' events on '
    || cast(activity_date as {{ dbt.type_string() }})
    || ', more than max_customer_day_events ({{ limit }}): were they recorded twice?'
        as problem
from {{ ref('int_activity_daily') }}
group by customer_id, activity_date
having sum(event_count) > {{ limit }}
