-- One row per metric, profile of segments, day and shortest period in which later answers supersede: sums of answers.
{%- set given_columns = ['asked', 'answered'] %}
with answers as (
    select * from {{ ref('int_dated_answers') }}
),

superseded as (
    select * from {{ ref('int_superseded_answers') }}
),

questions as (
    select * from {{ ref('survey_questions') }}
),

profiles as (
    select * from {{ ref('int_segment_profiles') }}
),

-- By question, of which metric and scale follow: to ask each answer for the widest scale takes a quarter longer.
given as (
    select
        answers.question,
        profiles.profile_number,
        answers.period_date,
        {{ survey_sums('answers', columns=given_columns + counted_columns()) }}
    from answers
    inner join profiles
        on answers.customer_id = profiles.customer_id
        and {{ holds_on('profiles', 'answers.period_date') }}
    group by answers.question, profiles.profile_number, answers.period_date
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
        questions.metric,
        given.profile_number,
        given.period_date,
        cast(null as {{ dbt.type_string() }}) as superseded_within,
        {%- for column in given_columns + counted_columns() %}
        given.{{ column }},
        {%- endfor %}
        case when given.answered > 0 then questions.scale_min end as scale_min,
        case when given.answered > 0 then questions.scale_max end as scale_max
    from given
    inner join questions on given.question = questions.question
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
