-- One row per customer, event type and span of list dates whose windows hold its events: the ledger, summed up once for
-- all list dates.
{# Days that lie in the same windows are one row, most of them a week, before windows overlap. #}
with ledger as (
    select * from {{ ref('int_activity_daily') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

-- What a type counts as besides.
types as (
    select
        event_type,
        max(is_contact) as is_contact,
        max(is_purchase) as is_purchase
    from (
        select
            event_type,
            1 as is_contact,
            0 as is_purchase
        from {{ ref('contact_channels') }}
        union all
        select
            event_type,
            0 as is_contact,
            1 as is_purchase
        from {{ ref('event_types') }}
        where role = 'purchase'
    ) as counted
    group by event_type
),

days as (
    select
        activity_dates.activity_date,
        activity_dates.event_type,
        activity_dates.weight,
        min(list_dates.list_date) as first_list_date,
        max(case
            when list_dates.list_date < {{ add_days('activity_dates.activity_date', score_window_days()) }}
                then list_dates.list_date
        end) as last_list_date
    from {{ ref('int_activity_dates') }} as activity_dates
    inner join {{ ref('int_list_dates') }} as list_dates on activity_dates.activity_date <= list_dates.list_date
    group by activity_dates.activity_date, activity_dates.event_type, activity_dates.weight
)

select
    customers.customer_number,
    -- What no window holds only says when the customer was last seen.
    case when days.last_list_date is null then '' else ledger.event_type end as event_type,
    days.first_list_date,
    days.last_list_date,
    max(ledger.activity_date) as last_activity_date,
    max(case when days.weight > 0 then 1 else 0 end) as features,
    cast(sum(case when types.is_contact = 1 then ledger.event_count else 0 end) as bigint) as contacts,
    cast(sum(case when types.is_purchase = 1 then ledger.event_count else 0 end) as bigint) as purchases
from ledger
inner join days
    on ledger.activity_date = days.activity_date
    and ledger.event_type = days.event_type
inner join customers on ledger.customer_id = customers.customer_id
left join types on ledger.event_type = types.event_type
group by
    customers.customer_number,
    case when days.last_list_date is null then '' else ledger.event_type end,
    days.first_list_date,
    days.last_list_date
