-- One row per segment value and month in which a customer was there: the scaffold of what is told by segment and month.
with history as (
    select * from {{ ref('int_segment_history') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

periods as (
    select
        months.period_start,
        {{ month_end('months.period_start') }} as period_end,
        as_of.first_date,
        as_of.as_of_date
    from {{ month_series(
        '(select as_of.first_date from as_of)', '(select as_of.as_of_date from as_of)'
    ) }} as months
    cross join as_of
),

stays as (
    select
        customers.customer_number,
        history.segment_dimension,
        history.segment_value,
        periods.period_start,
        periods.period_end,
        periods.as_of_date,
        greatest(history.valid_from, customers.first_seen_date, periods.period_start, periods.first_date) as first_date,
        least(
            coalesce(history.valid_to, periods.as_of_date),
            coalesce(customers.churned_date, periods.as_of_date),
            periods.period_end,
            periods.as_of_date
        ) as last_date,
        customers.observed_from
    from history
    inner join customers on history.customer_id = customers.customer_id
    inner join periods
        on history.valid_from <= periods.period_end
        and periods.period_start <= coalesce(history.valid_to, periods.as_of_date)
)

select
    segment_dimension,
    segment_value,
    period_start,
    period_end,
    least(period_end, as_of_date) as last_date,
    period_end <= as_of_date as is_complete,
    -- Before the first event of the data there is no evidence of activity, nor of silence.
    cast(count(distinct case when observed_from <= last_date then customer_number end) as bigint) as observed_customers,
    cast(coalesce(sum(case
        when observed_from <= last_date
            then {{ days_between('greatest(first_date, observed_from)', 'last_date') }} + 1
    end), 0) as bigint) as observed_days
from stays
where first_date <= last_date
group by segment_dimension, segment_value, period_start, period_end, as_of_date
