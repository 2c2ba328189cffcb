-- One row per load date of raw events: whether its contacts must be read anew, since its rows have changed, or what
-- counts as a contact.
with loads as (
    select * from {{ ref('int_event_loads') }}
),

-- How easy a channel is matters only later: what is kept depends on the types alone.
contact_types as (
    select distinct event_type from {{ ref('contact_channels') }}
),

digests as (
    select
        load_date,
        {{ digest(['digest', '(select ' ~ digest_of_rows(digest(['event_type'])) ~ ' from contact_types)']) }} as digest
    from loads
)

select
    digests.load_date,
    digests.digest,
    kept.digest is null as is_stale
from digests
left join {{ kept_digests('int_contacts', 'load_date') }} as kept
    on digests.load_date = kept.load_date
    and digests.digest = kept.digest
