-- One row: the guides for surveys, each in a column of its own.
with guides as (
    select * from {{ ref('survey_guides') }}
)

select
    cast(max(case when guide = 'hours_to_survey' then guide_value end) as integer) as hours_to_survey,
    cast(max(case when guide = 'days_to_look_back' then guide_value end) as integer) as days_to_look_back,
    cast(max(case when guide = 'days_between_surveys' then guide_value end) as integer) as days_between_surveys,
    cast(max(case when guide = 'answers_per_stratum' then guide_value end) as integer) as answers_per_stratum,
    max(case when guide = 'standardised_difference' then guide_value end) as standardised_difference
from guides
