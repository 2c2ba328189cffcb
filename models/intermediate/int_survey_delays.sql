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

-- One line of time for each customer and touchpoint: a join of each asking to all that came before would be their
-- product.
times as (
    select
        askings.customer_id,
        askings.touchpoint,
        askings.answer_id,
        askings.sent_at as happened_at,
        cast(null as timestamp) as ended_at
    from askings
    union all
    select
        interactions.customer_id,
        triggers.touchpoint,
        cast(null as {{ dbt.type_string() }}) as answer_id,
        interactions.ended_at as happened_at,
        interactions.ended_at
    from interactions
    inner join triggers on interactions.event_type = triggers.event_type
),

-- What ends at the very moment of the asking comes before it. Unasked answers have no moment, and no delay.
followed as (
    select
        answer_id,
        happened_at as sent_at,
        max(ended_at) over (
            partition by customer_id, touchpoint
            order by happened_at, answer_id nulls first
            rows between unbounded preceding and current row
        ) as last_ended_at
    from times
),

delayed as (
    select
        followed.answer_id,
        case
            when {{ hours_between('followed.last_ended_at', 'followed.sent_at') }} <= 24 * guides.days_to_look_back
                then {{ hours_between('followed.last_ended_at', 'followed.sent_at') }}
        end as hours_to_survey
    from followed
    cross join guides
    where followed.answer_id is not null
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
