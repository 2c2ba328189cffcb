-- One row per activity date up to today: a digest of all that its visits are made of, and whether it has changed since
-- they were made.
with fragments as (
    select * from {{ ref('int_visit_fragments') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- The zone too: it decides which visits lie near midnight.
digests as (
    select
        fragments.activity_date,
        {{ digest([
            digest_of_rows(digest([
                'fragments.customer_id', 'fragments.user_id', 'fragments.load_date', 'fragments.first_at',
                'fragments.last_at', 'fragments.event_count',
            ])),
            session_gap_minutes(),
            "'" ~ reporting_timezone() ~ "'",
        ]) }} as digest
    from fragments
    inner join as_of on fragments.activity_date <= as_of.as_of_date
    group by fragments.activity_date
)

select
    digests.activity_date,
    digests.digest,
    kept.digest is null as is_stale
from digests
left join {{ kept_digests('int_visits', 'activity_date') }} as kept
    on digests.activity_date = kept.activity_date
    and digests.digest = kept.digest
