-- One row: the day that is today, the first day of the data, the first day with an event, and the day of the
-- population's scale.
with activity as (
    select * from {{ ref('int_activity_daily') }}
),

answers as (
    select * from {{ ref('stg_survey_answers') }}
),

customers as (
    select * from {{ ref('stg_customers') }}
),

days as (
    select
        min(activity_date) as first_day,
        max(activity_date) as last_day
    from activity
    union all
    select
        min({{ reporting_date('coalesce(sent_at, answered_at)') }}) as first_day,
        max({{ reporting_date('coalesce(answered_at, sent_at)') }}) as last_day
    from answers
    where verdict = 'accepted'
    union all
    -- A customer list may reach back to times of which nothing else is known: it says what is new, not where data
    -- begin.
    select
        cast(null as date) as first_day,
        max({{ reporting_date('updated_at') }}) as last_day
    from customers
    where verdict = 'accepted'
),

today as (
    select
        coalesce({{ as_of_date_setting() }}, max(last_day)) as as_of_date,
        min(first_day) as first_date
    from days
)

select
    as_of_date,
    first_date,
    (select min(activity.activity_date) from activity) as first_activity_date,
    -- The population of a scale is there as long as anybody's event is in the window.
    least(
        as_of_date,
        coalesce(
            (
                select {{ add_days('max(activity.activity_date)', score_window_days() - 1) }}
                from activity
                where activity.activity_date <= today.as_of_date
            ),
            as_of_date
        )
    ) as scale_date
from today
