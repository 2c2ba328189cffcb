-- Nobody's call for help is lost: the segments of each dimension, the months and the customers have as many contacts as
-- the ledger has events of these types, and as many answers as were accepted.
with ledger as (
    select coalesce(sum(activity.event_count), 0) as contacts
    from {{ ref('fct_activity_daily') }} as activity
    where activity.event_type in (select channels.event_type from {{ ref('contact_channels') }} as channels)
),

answers as (
    select count(*) as answers
    from {{ ref('fct_survey_answers') }}
    where
        score is not null
        and question in (select questions.question from {{ ref('support_questions') }} as questions)
),

sums as (
    select
        segment_dimension || ', ' || period_grain as split,
        sum(contacts) as contacts,
        sum(resolution_answers) as answers
    from {{ ref('operational_effort') }}
    group by segment_dimension, period_grain
    union all
    select
        'customers' as split,
        sum(contacts) as contacts,
        sum(resolution_answers) as answers
    from {{ ref('customer_experience') }}
)

select
    sums.split,
    sums.contacts,
    ledger.contacts as contacts_of_ledger,
    sums.answers,
    answers.answers as answers_accepted
from sums
cross join ledger
cross join answers
where sums.contacts <> ledger.contacts or sums.answers <> answers.answers
