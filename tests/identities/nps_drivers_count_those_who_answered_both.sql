-- A component stands on everybody who answered both it and NPS, and every component stands there.
with answers as (
    select * from {{ ref('fct_survey_answers') }}
    where score is not null
),

given as (
    select distinct
        metric,
        customer_id,
        coalesce(respondent_id, '') as respondent
    from answers
),

expected as (
    select
        metrics.metric,
        count(nps.customer_id) as respondents
    from {{ ref('survey_metrics') }} as metrics
    left join given on metrics.metric = given.metric
    left join given as nps
        on given.customer_id = nps.customer_id
        and given.respondent = nps.respondent
        and nps.metric = 'nps'
    where metrics.metric <> 'nps'
    group by metrics.metric
),

components as (
    select * from {{ ref('nps_drivers') }}
    where driver_kind = 'component'
)

select
    coalesce(expected.metric, components.driver) as driver,
    expected.respondents as expected_respondents,
    components.respondents
from expected
full outer join components on expected.metric = components.driver
where
    components.driver is null
    or expected.metric is null
    or expected.respondents <> components.respondents
