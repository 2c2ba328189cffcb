-- One row per profile and segment dimension: the value that the profile stands for.
with profiles as (
    select * from {{ ref('int_segment_profiles') }}
),

history as (
    select * from {{ ref('int_segment_history') }}
),

-- Whoever has the profile: on the day it began it had these segments.
examples as (
    select
        profile_number,
        min(customer_id) as customer_id
    from profiles
    group by profile_number
),

example_days as (
    select
        examples.profile_number,
        examples.customer_id,
        min(profiles.valid_from) as valid_from
    from examples
    inner join profiles
        on examples.profile_number = profiles.profile_number
        and examples.customer_id = profiles.customer_id
    group by examples.profile_number, examples.customer_id
)

select
    example_days.profile_number,
    history.segment_dimension,
    history.segment_value
from example_days
inner join history
    on example_days.customer_id = history.customer_id
    and {{ holds_on('history', 'example_days.valid_from') }}
