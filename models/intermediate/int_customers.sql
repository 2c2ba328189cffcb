-- One row per customer that has been seen by the as-of date, in the customer list or only in events and answers.
with first_sightings as (
    select * from {{ ref('int_first_sightings') }}
),

current_versions as (
    select * from {{ ref('int_customer_versions') }}
    where recency = 1
),

as_of as (
    select * from {{ ref('int_as_of') }}
)

select
    first_sightings.customer_id,
    -- The same customer may have another number in another build: it serves joins within one.
    cast(row_number() over (order by first_sightings.customer_id) as integer) as customer_number,
    current_versions.customer_id is null as is_inferred,
    coalesce(current_versions.plan, 'unknown') as plan,
    coalesce(current_versions.industry, 'unknown') as industry,
    coalesce(current_versions.region, 'unknown') as region,
    first_sightings.first_seen_date,
    -- Before the first event of the data there is no evidence about anybody; without events there is none at all.
    case
        when as_of.first_activity_date is not null
            then greatest(first_sightings.first_seen_date, as_of.first_activity_date)
    end as observed_from,
    first_sightings.first_active_date,
    current_versions.trial_started_at,
    current_versions.subscribed_at,
    current_versions.churned_at,
    -- Subscribed again after the churn means that the customer is back; a churn to come has not happened.
    case
        when
            {{ reporting_date('current_versions.churned_at') }} <= as_of.as_of_date
            and (
                current_versions.subscribed_at is null
                or current_versions.churned_at >= current_versions.subscribed_at
            )
            then {{ reporting_date('current_versions.churned_at') }}
    end as churned_date,
    current_versions.acquisition_cost,
    as_of.as_of_date
from first_sightings
cross join as_of
left join current_versions on first_sightings.customer_id = current_versions.customer_id
where first_sightings.first_seen_date <= as_of.as_of_date
