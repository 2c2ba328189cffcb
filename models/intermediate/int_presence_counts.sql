-- One row per segment value and month at whose end a customer is there: how many are, by segment on that day.
with presence as (
    select * from {{ ref('int_presence_months') }}
    where is_there
),

history as (
    select * from {{ ref('int_segment_history') }}
)

select
    history.segment_dimension,
    history.segment_value,
    presence.period_start,
    cast(count(*) as bigint) as customers,
    cast(count(case when presence.stays then 1 end) as bigint) as staying_customers,
    cast(count(case when presence.presence_rule = 'inactivity' then 1 end) as bigint) as by_inactivity,
    cast(count(case when not presence.was_there and presence.is_first_month then 1 end) as bigint) as new_customers,
    cast(
        count(case when not presence.was_there and not presence.is_first_month then 1 end) as bigint
    ) as returned_customers
from presence
inner join history
    on presence.customer_id = history.customer_id
    and {{ holds_on('history', 'presence.last_date') }}
group by history.segment_dimension, history.segment_value, presence.period_start
