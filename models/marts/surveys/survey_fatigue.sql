-- One row per respondent who got two surveys closer together than the guide: how often it is asked, and whether it
-- tires.
with surveys as (
    select * from {{ ref('int_survey_days') }}
    where is_survey
),

guides as (
    select * from {{ ref('int_survey_guides') }}
),

ranked as (
    select
        *,
        row_number() over (partition by customer_id, respondent_id order by survey_date) as survey_number,
        -- Of two windows as dense as each other the later one, which says more of today.
        row_number() over (
            partition by customer_id, respondent_id order by earlier_surveys desc, survey_date desc
        ) as density_rank
    from surveys
),

densest as (
    select
        ranked.customer_id,
        ranked.respondent_id,
        count(*) as surveys_in_window,
        min(surveys.survey_date) as window_first_date,
        max(surveys.survey_date) as window_last_date,
        sum(cast(surveys.is_answered as integer)) as answered_in_window
    from ranked
    cross join guides
    inner join surveys
        on ranked.customer_id = surveys.customer_id
        and ranked.respondent_id = surveys.respondent_id
        and ranked.survey_date >= surveys.survey_date
        and {{ days_between('surveys.survey_date', 'ranked.survey_date') }} < guides.days_between_surveys
    where ranked.density_rank = 1
    group by ranked.customer_id, ranked.respondent_id
),

histories as (
    select
        customer_id,
        respondent_id,
        count(*) as surveys,
        sum(cast(is_answered as integer)) as answered_surveys,
        sum(cast(earlier_surveys > 0 as integer)) as too_early_surveys,
        max(case when survey_number = 1 then cast(is_answered as integer) end) as answered_first,
        max(survey_date) as last_survey_date
    from ranked
    group by customer_id, respondent_id
)

select
    histories.customer_id,
    nullif(histories.respondent_id, '') as respondent_id,
    cast(histories.surveys as bigint) as surveys,
    cast(histories.answered_surveys as bigint) as answered_surveys,
    cast(histories.too_early_surveys as bigint) as too_early_surveys,
    cast(densest.surveys_in_window as bigint) as surveys_in_window,
    densest.window_first_date,
    densest.window_last_date,
    cast(densest.answered_in_window as bigint) as answered_in_window,
    cast(densest.answered_in_window as {{ type_double() }}) / densest.surveys_in_window as answered_share_in_window,
    histories.answered_first = 1 as is_first_survey_answered,
    -- There is a second survey, or nobody would be here.
    cast(histories.answered_surveys - histories.answered_first as {{ type_double() }})
    / (histories.surveys - 1) as later_response_rate,
    histories.last_survey_date,
    {{ add_days('histories.last_survey_date', 'guides.days_between_surveys') }} as next_survey_date,
    {{ build_columns() }}
from histories
cross join guides
inner join densest
    on histories.customer_id = densest.customer_id
    and histories.respondent_id = densest.respondent_id
where histories.too_early_surveys > 0
