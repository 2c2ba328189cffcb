-- An ease beyond 0 to 100 would leave the range of its mean; two rows for one channel would count its contacts twice.
select
    'contact_channels.csv: channel ' || coalesce(channel, '(any other)') || ' of ' || coalesce(event_type, '(no type)')
    || ' stands there twice, has no event type, an ease beyond 0 to 100, or a wait_limit_seconds below 1.' as problem
from {{ ref('contact_channels') }}
group by event_type, channel
having
    event_type is null
    or count(*) > 1
    or min(ease) < 0
    or max(ease) > 100
    or min(wait_limit_seconds) < 1
