-- One row per driver kind, respondent with an NPS answer, and driver: the last answer; a null driver is NPS itself.
with answers as (
    select * from {{ ref('int_answers') }}
    where is_answered
),

questions as (
    select * from {{ ref('survey_questions') }}
),

comments as (
    select * from {{ ref('int_comments') }}
),

comment_themes as (
    select * from {{ ref('int_comment_themes') }}
),

ranked as (
    select
        answers.*,
        coalesce(answers.respondent_id, '') as respondent,
        questions.higher_is,
        row_number() over (
            partition by answers.metric, answers.customer_id, coalesce(answers.respondent_id, '')
            order by answers.answered_at desc, answers.answer_id desc
        ) as recency
    from answers
    inner join questions on answers.question = questions.question
),

-- NPS in points, so that its mean is the NPS; all else as percent of its scale, so that more is better and the
-- questions of one metric may differ in scale.
latest as (
    select
        answer_id,
        customer_id,
        respondent,
        metric,
        case
            when metric = 'nps' then 100.0 * (cast(is_positive as integer) - cast(is_negative as integer))
            when higher_is = 'worse'
                then 100.0 * (scale_max - score) / cast(scale_max - scale_min as {{ type_double() }})
            else 100.0 * (score - scale_min) / cast(scale_max - scale_min as {{ type_double() }})
        end as answer
    from ranked
    where recency = 1
),

nps as (
    select * from latest
    where metric = 'nps'
),

components as (
    select
        'component' as driver_kind,
        nullif(latest.metric, 'nps') as driver,
        latest.customer_id,
        latest.respondent,
        cast(latest.answer as {{ type_double() }}) as answer
    from latest
    inner join nps
        on latest.customer_id = nps.customer_id
        and latest.respondent = nps.respondent
),

-- A comment without any theme counts too: it mentions none of them.
commented as (
    select
        'theme' as driver_kind,
        cast(null as {{ dbt.type_string() }}) as driver,
        nps.customer_id,
        nps.respondent,
        cast(nps.answer as {{ type_double() }}) as answer
    from nps
    inner join comments on nps.answer_id = comments.answer_id
),

mentions as (
    select
        'theme' as driver_kind,
        comment_themes.theme as driver,
        nps.customer_id,
        nps.respondent,
        cast(1 as {{ type_double() }}) as answer
    from nps
    inner join comment_themes on nps.answer_id = comment_themes.answer_id
)

select * from components
union all
select * from commented
union all
select * from mentions
