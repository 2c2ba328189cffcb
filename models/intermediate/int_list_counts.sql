-- One row per customer and list date whose window holds something that counts: features, calls for help, purchases.
with spans as (
    select * from {{ ref('int_list_spans') }}
    where features > 0 or contacts > 0 or purchases > 0
),

-- A feature that is used in each week of a window is one feature: the earlier span has it until the next one begins.
followed as (
    select
        *,
        lead(first_list_date) over (
            partition by customer_number, event_type, features order by first_list_date, last_list_date
        ) as next_list_date
    from spans
)

select
    followed.customer_number,
    list_dates.list_date,
    cast(sum(case
        when list_dates.list_date < followed.next_list_date or followed.next_list_date is null then followed.features
        else 0
    end) as bigint) as feature_breadth,
    cast(sum(followed.contacts) as bigint) as support_contacts,
    cast(sum(followed.purchases) as bigint) as purchases
from followed
inner join {{ ref('int_list_dates') }} as list_dates
    on followed.first_list_date <= list_dates.list_date
    and followed.last_list_date >= list_dates.list_date
group by followed.customer_number, list_dates.list_date
