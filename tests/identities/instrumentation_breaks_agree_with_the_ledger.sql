-- A break shows what the published ledger holds of that day, and keeps to the rule.
with recorded as (
    select
        breaks.event_type,
        breaks.activity_date,
        coalesce(sum(activity.event_count), 0) as event_count,
        count(distinct activity.customer_id) as customers
    from {{ ref('instrumentation_breaks') }} as breaks
    left join {{ ref('fct_activity_daily') }} as activity
        on breaks.event_type = activity.event_type
        and breaks.activity_date = activity.activity_date
    group by breaks.event_type, breaks.activity_date
)

select breaks.*
from {{ ref('instrumentation_breaks') }} as breaks
inner join recorded
    on breaks.event_type = recorded.event_type
    and breaks.activity_date = recorded.activity_date
cross join {{ ref('instrumentation_rules') }} as rules
where
    breaks.event_count <> recorded.event_count
    or breaks.customers <> recorded.customers
    or breaks.customers > breaks.event_count
    or breaks.expected_customers > breaks.expected_events
    or breaks.expected_customers < rules.min_expected_customers
    or breaks.activity_date >= breaks.as_of_date
    or breaks.other_types_share < 0
