-- One row per score date: a digest of all that its scores are made of, and whether it has changed since they were made.
{%- set window_days = score_window_days() %}
with as_of as (
    select * from {{ ref('int_as_of') }}
),

activity as (
    select * from {{ ref('int_activity_dates') }}
),

user_days as (
    select * from {{ ref('int_user_days') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

scale as (
    select * from {{ ref('int_engagement_scale') }}
    where is_in_use
),

bands as (
    select * from {{ ref('int_score_bands') }}
    where metric = 'engagement'
),

days as (
    select cast(series.day as date) as score_date
    from {{ date_series('(select first_activity_date from as_of)', '(select as_of_date from as_of)') }} as series
),

activity_digests as (
    select
        activity_date,
        {{ digest(['activity_date', 'event_type', 'weight', 'lines_digest']) }} as part
    from activity
    union all
    select
        activity_date,
        {{ digest(['activity_date', digest_of_rows(digest(['customer_id', 'user_id', 'load_date']))]) }} as part
    from user_days
    group by activity_date
),

-- A score reads its window, and compares with the four windows before.
window_digests as (
    select
        days.score_date,
        {{ digest_of_rows('activity_digests.part') }} as activity_digest
    from days
    left join activity_digests
        on days.score_date >= activity_digests.activity_date
        and days.score_date < {{ add_days('activity_digests.activity_date', 5 * window_days) }}
    group by days.score_date
),

-- What is known of a customer matters from the day on which it holds.
customer_facts as (
    {%- for fact in ['observed_from', 'first_active_date', 'churned_date'] %}
    select
        {{ fact }} as fact_date,
        {{ digest(['customer_id', "'" ~ fact ~ "'", fact]) }} as part
    from customers
    where {{ fact }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

settings as (
    select
        {{ digest([
            window_days,
            "(select " ~ digest_of_rows(digest(['scale_version', 'points', 'score'])) ~ " from scale)",
            "(select " ~ digest_of_rows(digest(['band', 'lower_edge'])) ~ " from bands)",
            "'" ~ decay_steps() | tojson ~ "'",
        ]) }} as settings_digest
),

digests as (
    select
        window_digests.score_date,
        {{ digest([
            'window_digests.activity_digest',
            'facts_digests.digest',
            'settings.settings_digest',
        ]) }} as digest
    from window_digests
    inner join {{ digests_of_facts('days', 'customer_facts') }} as facts_digests
        on window_digests.score_date = facts_digests.score_date
    cross join settings
)

select
    digests.score_date,
    digests.digest,
    kept.digest is null or digests.digest <> kept.digest as is_stale
from digests
left join {{ kept_digests('int_engagement_scores', 'score_date') }} as kept on digests.score_date = kept.score_date
