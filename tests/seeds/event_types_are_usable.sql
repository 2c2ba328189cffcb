-- What is sold is read from the ledger, which knows no channel; and nothing can be sold and given back at once.
with roles as (
    select
        *,
        count(*) over (partition by event_type, channel, role) as copies,
        count(case when role = 'purchase' then 1 end) over (partition by event_type) as purchases,
        count(case when role = 'refund' then 1 end) over (partition by event_type) as refunds
    from {{ ref('event_types') }}
)

select
    'event_types.csv: event type ' || coalesce(event_type, '(any)') || ', channel ' || coalesce(channel, '(any)')
    || ', role ' || coalesce(role, '(none)') || ': '
    || case
        when role is null or role not in ('purchase', 'refund', 'invitation', 'referral', 'social')
            then 'the role must be purchase, refund, invitation, referral or social.'
        when copies > 1 then 'it must stand there once.'
        when event_type is null and channel is null then 'name an event type, a channel, or both.'
        when role in ('purchase', 'refund') and (event_type is null or channel is not null)
            then 'a purchase or refund needs an event type and no channel.'
        else 'one event type cannot be both a purchase and a refund.'
    end as problem
from roles
where
    role is null
    or role not in ('purchase', 'refund', 'invitation', 'referral', 'social')
    or copies > 1
    or (event_type is null and channel is null)
    or (role in ('purchase', 'refund') and (event_type is null or channel is not null))
    or (role in ('purchase', 'refund') and purchases > 0 and refunds > 0)
