-- One row per class of NPS answers and event type: what respondents' accounts did in the 28 days before they answered.
with answers as (
    select * from {{ ref('fct_survey_answers') }}
    where metric = 'nps' and is_counted
),

activity as (
    select * from {{ ref('fct_activity_daily') }}
),

classes as (
    select
        customer_id,
        period_date,
        case
            when positive = 1 then 'promoter'
            when negative = 1 then 'detractor'
            else 'passive'
        end as answer_class
    from answers
),

sizes as (
    select
        answer_class,
        count(*) as answers
    from classes
    group by answer_class
),

events as (
    select
        classes.answer_class,
        activity.event_type,
        sum(activity.event_count) as events
    from classes
    inner join activity
        on classes.customer_id = activity.customer_id
        and classes.period_date > activity.activity_date
        and classes.period_date <= {{ add_days('activity.activity_date', 28) }}
    group by classes.answer_class, activity.event_type
)

select
    events.event_type,
    events.answer_class,
    sizes.answers,
    events.events,
    cast(events.events as {{ type_double() }}) / sizes.answers as events_per_answer
from events
inner join sizes on events.answer_class = sizes.answer_class
order by events.event_type, events.answer_class
