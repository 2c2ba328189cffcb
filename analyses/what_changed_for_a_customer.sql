-- One row per thing that changed in the last 90 days for one customer: here for the one with most points lost.
with customers as (
    select * from {{ ref('customer_scores') }}
),

chosen as (
    select
        customer_id,
        as_of_date
    from customers
    where engagement_status in ('active', 'silent') and points_change < 0
    order by points_change, customer_id
    limit 1
),

segments as (
    select * from {{ ref('customer_segments') }}
),

answers as (
    select * from {{ ref('fct_survey_answers') }}
),

signals as (
    select * from {{ ref('signal_history') }}
),

points as (
    select * from {{ ref('fct_engagement_changes') }}
    where score_date = as_of_date
),

changes as (
    select
        segments.customer_id,
        segments.valid_from as change_date,
        'segment' as kind,
        segments.segment_dimension || ' is ' || segments.segment_value as change
    from segments
    union all
    select
        answers.customer_id,
        answers.period_date as change_date,
        'answer' as kind,
        answers.question || ': ' || answers.score as change
    from answers
    where answers.score is not null
    union all
    select
        signals.customer_id,
        signals.from_date as change_date,
        'signal' as kind,
        signals.signal || ', since ' || signals.first_rule as change
    from signals
    union all
    select
        points.customer_id,
        points.score_date as change_date,
        'points against a window before' as kind,
        points.event_type || ', ' || points.effect || ': ' || points.points_change as change
    from points
)

select
    changes.customer_id,
    changes.change_date,
    changes.kind,
    changes.change
from chosen
inner join changes
    on chosen.customer_id = changes.customer_id
    and changes.change_date > {{ add_days('chosen.as_of_date', -90) }}
order by changes.change_date desc, changes.kind asc, changes.change asc
