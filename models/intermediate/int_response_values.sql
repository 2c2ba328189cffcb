-- One row per row of int_askings and response dimension: the value under which its response is looked at.
{#- A segment column has no space in its name, so that no dimension of a company's can be taken for one of these. -#}
{%- set dimensions = {
    'survey channel': 'askings.channel',
    'survey touchpoint': 'askings.touchpoint',
    'engagement band': "coalesce(bands.band, 'not scored')",
    'earlier surveys': "case
                when surveys.earlier_surveys >= 3 then '3 or more' else cast(surveys.earlier_surveys as " ~ dbt.type_string() ~ ")
            end",
} %}
with askings as (
    select * from {{ ref('int_askings') }}
),

surveys as (
    select * from {{ ref('int_survey_days') }}
),

scores as (
    select * from {{ ref('int_engagement_scores') }}
),

bands as (
    select * from {{ ref('int_score_bands') }}
    where metric = 'engagement'
),

segments as (
    select * from {{ ref('int_segment_history') }}
),

dimensions as (
    {%- for dimension in dimensions %}
    select '{{ dimension }}' as response_dimension
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    askings.answer_id,
    dimensions.response_dimension,
    case dimensions.response_dimension
        {%- for dimension, value in dimensions.items() %}
        when '{{ dimension }}'
            then {{ value }}
        {%- endfor %}
    end as response_value
from askings
cross join dimensions
inner join surveys
    on askings.customer_id = surveys.customer_id
    and askings.respondent_id = surveys.respondent_id
    and askings.survey_date = surveys.survey_date
-- Left joins: whoever has no score on that day was asked all the same.
left join scores
    on askings.customer_id = scores.customer_id
    and askings.survey_date = scores.score_date
left join bands on scores.band_number = bands.band_number
union all
-- The segment on the day of the asking: a later change of plan does not rewrite the past.
select
    askings.answer_id,
    segments.segment_dimension as response_dimension,
    segments.segment_value as response_value
from askings
inner join segments
    on askings.customer_id = segments.customer_id
    and {{ holds_on('segments', 'askings.survey_date') }}
