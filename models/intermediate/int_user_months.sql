-- One row per visitor, segment profile and month with an event while the customer was observed: on which days.
with visits as (
    select * from {{ ref('int_visits') }}
),

profiles as (
    select * from {{ ref('int_observed_profiles') }}
)

select
    visits.customer_id,
    visits.user_id,
    profiles.profile_number,
    {{ month_start('visits.activity_date') }} as period_start,
    {{ days_of_month('visits.activity_date') }} as active_days_of_month,
    cast(sum(visits.event_count) as bigint) as event_count
from visits
inner join profiles
    on visits.customer_id = profiles.customer_id
    and visits.activity_date >= profiles.valid_from
    and visits.activity_date <= profiles.valid_to
group by visits.customer_id, visits.user_id, profiles.profile_number, period_start
