-- One row per load date of raw events: whether its interactions must be read anew, since its rows have changed or what
-- triggers a survey has.
with loads as (
    select * from {{ ref('int_event_loads') }}
),

-- Which touchpoint a type triggers matters only later: what is kept depends on the types alone.
trigger_types as (
    select distinct event_type from {{ ref('survey_triggers') }}
),

digests as (
    select
        load_date,
        {{ digest(['digest', '(select ' ~ digest_of_rows(digest(['event_type'])) ~ ' from trigger_types)']) }} as digest
    from loads
)

select
    digests.load_date,
    digests.digest,
    kept.digest is null as is_stale
from digests
left join {{ kept_digests('int_survey_interactions', 'load_date') }} as kept
    on digests.load_date = kept.load_date
    and digests.digest = kept.digest
