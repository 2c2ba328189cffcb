-- One row per session near midnight: visits that midnight has parted are one again.
with visits as (
    select * from {{ ref('int_visits') }}
    where is_near_midnight
)

select
    customer_id,
    user_id,
    {{ reporting_date('first_at') }} as activity_date,
    first_at,
    last_at,
    event_count
from {{ joined_pieces('visits', ['customer_id', 'user_id']) }} as joined
