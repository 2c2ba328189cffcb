-- One row per score date: a digest of its scores and of the segments of that day, and whether it has changed.
{%- set kept_in = ['int_segment_scores', 'int_score_distribution'] %}
with days as (
    select * from {{ ref('int_score_dates') }}
),

history as (
    select * from {{ ref('int_segment_history') }}
),

facts as (
    select
        valid_from as fact_date,
        {{ digest(['customer_id', 'segment_dimension', 'segment_value', "'from'"]) }} as part
    from history
    union all
    select
        {{ add_days('valid_to', 1) }} as fact_date,
        {{ digest(['customer_id', 'segment_dimension', 'segment_value', "'to'", 'valid_to']) }} as part
    from history
    where valid_to is not null
),

digests as (
    select
        days.score_date,
        {{ digest(['days.digest', 'facts_digests.digest']) }} as digest
    from days
    inner join {{ digests_of_facts('days', 'facts') }} as facts_digests on days.score_date = facts_digests.score_date
),

kept as (
    {%- for model in kept_in %}
    select * from {{ kept_digests(model, 'score_date') }} as {{ model }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Up to date is what each of these models holds as it should be.
up_to_date as (
    select
        score_date,
        digest
    from kept
    group by score_date, digest
    having count(*) = {{ kept_in | length }}
)

select
    digests.score_date,
    digests.digest,
    up_to_date.digest is null as is_stale
from digests
left join up_to_date
    on digests.score_date = up_to_date.score_date
    and digests.digest = up_to_date.digest
