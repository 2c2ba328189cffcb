-- An index or operational effort is null exactly where it says what is missing, and else lies among its parts. Who is
-- silent is never a 0.
with figures as (
    select
        'experience_index' as figure,
        concat_ws(' ', segment_dimension, segment_value, period_grain, period_start) as row_of,
        experience_index as value,
        missing_components as missing,
        least(effort, empathy, understanding, effectiveness) as lowest,
        greatest(effort, empathy, understanding, effectiveness) as highest,
        ci_low is not null and (ci_low > experience_index or ci_high < experience_index or ci_low < 0 or ci_high > 100)
            as is_outside_interval
    from {{ ref('experience_index') }}
    union all
    select
        'operational_effort' as figure,
        concat_ws(' ', segment_dimension, segment_value, period_grain, period_start) as row_of,
        operational_effort as value,
        missing_parts as missing,
        least(channel_ease, wait_ease, resolution_satisfaction) as lowest,
        greatest(channel_ease, wait_ease, resolution_satisfaction) as highest,
        false as is_outside_interval
    from {{ ref('operational_effort') }}
    union all
    select
        'experience_index of a customer' as figure,
        customer_id as row_of,
        experience_index as value,
        missing_components as missing,
        least(effort, empathy, understanding, effectiveness) as lowest,
        greatest(effort, empathy, understanding, effectiveness) as highest,
        false as is_outside_interval
    from {{ ref('customer_experience') }}
    union all
    select
        'operational_effort of a customer' as figure,
        customer_id as row_of,
        operational_effort as value,
        missing_parts as missing,
        least(channel_ease, wait_ease, resolution_satisfaction) as lowest,
        greatest(channel_ease, wait_ease, resolution_satisfaction) as highest,
        false as is_outside_interval
    from {{ ref('customer_experience') }}
)

select *
from figures
where
    (value is null) <> (missing is not null)
    or missing = ''
    or value < lowest - 1e-9
    or value > highest + 1e-9
    or lowest < 0
    or highest > 100
    or is_outside_interval
