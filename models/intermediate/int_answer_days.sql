-- One row per metric, profile of segments, day and shortest period in which later answers supersede: sums of answers.
{%- set given_columns = ['asked', 'answered'] %}
with answers as (
    select * from {{ ref('int_dated_answers') }}
),

superseded as (
    select * from {{ ref('int_superseded_answers') }}
),

profiles as (
    select * from {{ ref('int_segment_profiles') }}
),

given as (
    select
        answers.metric,
        profiles.profile_number,
        answers.period_date,
        {{ survey_sums('answers') }}
    from answers
    inner join profiles
        on answers.customer_id = profiles.customer_id
        and {{ holds_on('profiles', 'answers.period_date') }}
    group by answers.metric, profiles.profile_number, answers.period_date
),

taken as (
    select
        superseded.metric,
        superseded.profile_number,
        superseded.period_date,
        superseded.superseded_within,
        {{ sums_of('superseded', counted_columns()) }}
    from superseded
    group by superseded.metric, superseded.profile_number, superseded.period_date, superseded.superseded_within
),

-- What is superseded stands apart, and is taken from the rest: cheaper than to ask of each answer which it is.
parts as (
    select
        metric,
        profile_number,
        period_date,
        cast(null as {{ dbt.type_string() }}) as superseded_within,
        {{ (given_columns + counted_columns()) | join(',\n        ') }},
        scale_min,
        scale_max
    from given
    {%- for within, sign in [('superseded_within', ''), ('null', '-')] %}
    union all
    select
        metric,
        profile_number,
        period_date,
        {{ within }} as superseded_within,
        0 as asked,
        0 as answered,
        {%- for column in counted_columns() %}
        {{ sign }}{{ column }} as {{ column }},
        {%- endfor %}
        null as scale_min,
        null as scale_max
    from taken
    {%- endfor %}
)

select
    parts.metric,
    parts.profile_number,
    parts.period_date,
    parts.superseded_within,
    {{ sums_of('parts', given_columns + counted_columns()) }},
    min(parts.scale_min) as scale_min,
    max(parts.scale_max) as scale_max
from parts
group by parts.metric, parts.profile_number, parts.period_date, parts.superseded_within
