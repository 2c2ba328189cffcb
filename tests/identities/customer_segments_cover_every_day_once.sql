-- In each dimension a customer has one value on each day from first sight on: spans neither overlap nor leave a gap.
with spans as (
    select
        segments.*,
        customers.first_seen_date,
        lag(segments.valid_to) over history as previous_valid_to,
        lag(segments.segment_value) over history as previous_value,
        row_number() over history as position,
        count(*) over (partition by segments.customer_id, segments.segment_dimension) as spans
    from {{ ref('customer_segments') }} as segments
    inner join {{ ref('dim_customers') }} as customers on segments.customer_id = customers.customer_id
    window history as (partition by segments.customer_id, segments.segment_dimension order by segments.valid_from)
)

select *
from spans
where
    (position = 1 and valid_from <> first_seen_date)
    or (position > 1 and valid_from <> {{ add_days('previous_valid_to', 1) }})
    or (position < spans and valid_to is null)
    or (position = spans and valid_to is not null)
    or valid_to < valid_from
    or segment_value = previous_value
