-- One row per customer, day and part of operational effort: how many contacts or answers, and what they sum to.
with contacts as (
    select contacts.*
    from {{ ref('int_contacts') }} as contacts
    inner join {{ ref('int_as_of') }} as as_of on contacts.activity_date <= as_of.as_of_date
),

channels as (
    select * from {{ ref('contact_channels') }}
),

answers as (
    select * from {{ ref('int_answers') }}
    where is_answered
),

questions as (
    select survey_questions.*
    from {{ ref('survey_questions') }} as survey_questions
    inner join {{ ref('support_questions') }} as support_questions
        on survey_questions.question = support_questions.question
),

-- Left joins: a contact by a channel that nobody rated is still a contact.
rated as (
    select
        contacts.customer_id,
        contacts.activity_date as day,
        contacts.contacts,
        contacts.wait_seconds,
        case when own.event_type is not null then own.ease else others.ease end as ease,
        case
            when own.event_type is not null then own.wait_limit_seconds else others.wait_limit_seconds
        end as wait_limit_seconds
    from contacts
    left join channels as own
        on contacts.event_type = own.event_type
        and contacts.channel = own.channel
    left join channels as others
        on contacts.event_type = others.event_type
        and others.channel is null
),

-- Each wait and each answer is rounded to six places, so that sums are exact in any order.
valued as (
    select
        customer_id,
        day,
        'channel_ease' as part,
        contacts as things,
        ease as value
    from rated
    union all
    select
        customer_id,
        day,
        'wait_ease' as part,
        contacts as things,
        case
            when wait_seconds is not null and wait_limit_seconds is not null
                then {{ share_in_percent(
                    '(wait_limit_seconds - least(wait_seconds, wait_limit_seconds)) * 1000000',
                    'cast(wait_limit_seconds as bigint) * 1000000'
                ) }}
        end as value
    from rated
    union all
    -- Whatever the metric's counting rule: each answer is about a contact of its own.
    select
        answers.customer_id,
        answers.period_date as day,
        'resolution_satisfaction' as part,
        1 as things,
        {{ share_in_percent(
            "(case when questions.higher_is = 'worse' then questions.scale_max - answers.score "
            ~ "else answers.score - questions.scale_min end)",
            'questions.scale_max - questions.scale_min'
        ) }} as value
    from answers
    inner join questions on answers.question = questions.question
)

select
    customer_id,
    day,
    part,
    cast(sum(things) as bigint) as things,
    cast(sum(case when value is not null then things else 0 end) as bigint) as counted,
    cast(coalesce(sum(value * things), 0) as decimal(38, 6)) as total
from valued
group by customer_id, day, part
