-- One row per period with answers and customer who was there in it: the stratum it belongs to.
{%- set dimension = (segment_columns() + ['all'])[0] %}
with answers as (
    select * from {{ ref('int_counted_answers') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

segments as (
    select * from {{ ref('int_segment_history') }}
    where segment_dimension = '{{ dimension }}'
),

scores as (
    select * from {{ ref('int_engagement_scores') }}
),

bands as (
    select * from {{ ref('int_score_bands') }}
    where metric = 'engagement'
),

periods as (
    select distinct
        answers.period_grain,
        answers.period_start,
        case
            when answers.period_grain = 'month'
                then least({{ add_days(add_months('answers.period_start', 1), -1) }}, as_of.as_of_date)
            else as_of.as_of_date
        end as period_end
    from answers
    cross join as_of
),

-- Who left in the middle of a period could answer in it, and is taken as it was on the day it left.
present as (
    select
        periods.period_grain,
        periods.period_start,
        customers.customer_id,
        least(periods.period_end, coalesce(customers.churned_date, periods.period_end)) as last_day
    from periods
    inner join customers
        on periods.period_end >= customers.first_seen_date
        and periods.period_start <= coalesce(customers.churned_date, periods.period_end)
)

select
    present.period_grain,
    present.period_start,
    present.customer_id,
    segments.segment_value || ', ' || coalesce(bands.band, 'not scored') as stratum
from present
inner join segments
    on present.customer_id = segments.customer_id
    and {{ holds_on('segments', 'present.last_day') }}
left join scores
    on present.customer_id = scores.customer_id
    and present.last_day = scores.score_date
left join bands on scores.band_number = bands.band_number
