-- Who was there is kept or gone, who is there now was kept, is new or came back, and the end of a month is the start of
-- the next.
with retention as (
    select * from {{ ref('retention') }}
),

following as (
    select
        retention.*,
        next_months.customers_at_start as next_start
    from retention
    left join retention as next_months
        on retention.segment_dimension = next_months.segment_dimension
        and retention.segment_value = next_months.segment_value
        and {{ add_days('retention.period_end', 1) }} = next_months.period_start
)

select *
from following
where
    retained + churned <> customers_at_start
    or retained < 0
    or churned < 0
    or by_inactivity not between 0 and customers_at_start
    or new_customers + returned_customers > customers_at_end
    -- Who changes the segment ends in another than that in which it is kept.
    or (segment_dimension = 'all' and retained + new_customers + returned_customers <> customers_at_end)
    -- A month to come has no row, nor has one without anybody.
    or (is_complete and period_end < as_of_date and coalesce(next_start, 0) <> customers_at_end)
    or not coalesce(retention_rate between retention_low and retention_high, customers_at_start = 0)
