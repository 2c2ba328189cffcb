-- One row per event type and channel, either of them null for any, that tells how a customer came: its role.
with roles as (
    select * from {{ ref('event_types') }}
    where role in ('invitation', 'referral', 'social')
)

-- The order of precedence is that of the alphabet, so that the least of several roles is the one that goes before.
select
    event_type,
    channel,
    min(role) as role
from roles
group by event_type, channel
