-- One row per customer, segment profile and month with an event while the customer was observed: days with an event.
with visits as (
    select * from {{ ref('int_visits') }}
),

profiles as (
    select * from {{ ref('int_observed_profiles') }}
)

select
    visits.customer_id,
    profiles.profile_number,
    {{ month_start('visits.activity_date') }} as period_start,
    cast({{ count_distinct('visits.activity_date') }} as bigint) as active_days,
    cast(sum(visits.event_count) as bigint) as event_count
from visits
inner join profiles
    on visits.customer_id = profiles.customer_id
    and visits.activity_date >= profiles.valid_from
    and visits.activity_date <= profiles.valid_to
group by visits.customer_id, profiles.profile_number, period_start
