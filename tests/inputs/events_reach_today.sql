-- Not an error: but where events end days before today, or leap to it, scores fall for want of data, not of engagement.
{{ config(severity='warn') }}
with days as (
    select
        activity.activity_date,
        lag(activity.activity_date) over (order by activity.activity_date) as day_before,
        max(activity.activity_date) over () as last_day,
        as_of.as_of_date
    from (select distinct activity_date from {{ ref('int_activity_dates') }}) as activity
    cross join {{ ref('int_as_of') }} as as_of
)

select
    'the last events are of ' || cast(last_day as {{ dbt.type_string() }})
    || ' (before that: ' || coalesce(cast(day_before as {{ dbt.type_string() }}), 'none')
    || '), and today is ' || cast(as_of_date as {{ dbt.type_string() }})
    || ': a late file, or a wrong date in some table?' as problem
from days
where
    activity_date = last_day
    and ({{ days_between('last_day', 'as_of_date') }} > 7 or {{ days_between('day_before', 'last_day') }} > 28)
