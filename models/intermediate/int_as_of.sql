-- One row: the day that is today, the first day of the data, and the first day with an event.
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
)

select
    coalesce({{ as_of_date_setting() }}, max(last_day)) as as_of_date,
    min(first_day) as first_date,
    (select min(activity.activity_date) from activity) as first_activity_date
from days
