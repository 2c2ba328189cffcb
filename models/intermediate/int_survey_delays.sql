-- One row per row of int_askings: how long after the interaction it was asked, as far as that is known.
with askings as (
    select * from {{ ref('int_askings') }}
),

triggers as (
    select * from {{ ref('survey_triggers') }}
),

interactions as (
    select * from {{ ref('int_survey_interactions') }}
),

guides as (
    select * from {{ ref('int_survey_guides') }}
),

last_interactions as (
    select
        askings.answer_id,
        max(interactions.ended_at) as ended_at
    from askings
    cross join guides
    inner join triggers on askings.touchpoint = triggers.touchpoint
    inner join interactions
        on askings.customer_id = interactions.customer_id
        and triggers.event_type = interactions.event_type
        and askings.sent_at >= interactions.ended_at
        and {{ hours_between('interactions.ended_at', 'askings.sent_at') }} <= 24 * guides.days_to_look_back
    group by askings.answer_id
),

delayed as (
    select
        askings.answer_id,
        {{ hours_between('last_interactions.ended_at', 'askings.sent_at') }} as hours_to_survey
    from askings
    left join last_interactions on askings.answer_id = last_interactions.answer_id
)

select
    delayed.answer_id,
    delayed.hours_to_survey,
    case
        when delayed.hours_to_survey <= guides.hours_to_survey then 'timely'
        when delayed.hours_to_survey > guides.hours_to_survey then 'late'
        else 'unknown'
    end as delay_class
from delayed
cross join guides
