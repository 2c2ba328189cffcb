-- One row per customer: the experience index of its own answers over all time, and how easy getting help was.
with customers as (
    select * from {{ ref('int_customers') }}
),

metrics as (
    select * from {{ ref('int_experience_metrics') }}
),

answers as (
    select * from {{ ref('int_answers') }}
),

parts as (
    select * from {{ ref('int_operational_parts') }}
),

totals as (
    select
        answers.customer_id,
        answers.metric,
        {{ survey_sums(
            'answers',
            counts=counts_within('all'),
            columns=['counted', 'score_total', 'scale_min', 'scale_max']
        ) }}
    from answers
    group by answers.customer_id, answers.metric
),

components as (
    select
        totals.customer_id,
        metrics.component,
        totals.counted,
        {{ component_score() }} as score
    from totals
    inner join metrics on totals.metric = metrics.metric
),

experience as (
    select
        customer_id,
        {{ one_column_each(experience_components(), 'component', 'counted', '_answers') }},
        {{ one_column_each(experience_components(), 'component', 'score') }}
    from components
    group by customer_id
),

part_means as (
    select
        customer_id,
        part,
        cast(sum(things) as bigint) as things,
        cast(sum(counted) as bigint) as counted,
        {{ ratio('sum(total)', 'sum(counted)') }} as mean_value
    from parts
    group by customer_id, part
),

operations as (
    select
        customer_id,
        max(case when part = 'channel_ease' then things end) as contacts,
        {{ one_column_each(operational_parts(), 'part', 'counted', '_counted') }},
        {{ one_column_each(operational_parts(), 'part', 'mean_value') }}
    from part_means
    group by customer_id
)

-- Left joins: who never answered or never asked for help is here all the same, without a score.
select
    customers.customer_id,
    experience.effort,
    experience.empathy,
    experience.understanding,
    experience.effectiveness,
    {{ mean_of(experience_components()) }} as experience_index,
    {{ names_missing(experience_components()) }} as missing_components,
    coalesce(experience.effort_answers, 0) as effort_answers,
    coalesce(experience.empathy_answers, 0) as empathy_answers,
    coalesce(experience.understanding_answers, 0) as understanding_answers,
    coalesce(experience.effectiveness_answers, 0) as effectiveness_answers,
    coalesce(operations.contacts, 0) as contacts,
    coalesce(operations.channel_ease_counted, 0) as rated_contacts,
    coalesce(operations.wait_ease_counted, 0) as timed_contacts,
    coalesce(operations.resolution_satisfaction_counted, 0) as resolution_answers,
    operations.channel_ease,
    operations.wait_ease,
    operations.resolution_satisfaction,
    {{ mean_of(operational_parts()) }} as operational_effort,
    {{ names_missing(operational_parts()) }} as missing_parts,
    {{ build_columns() }}
from customers
left join experience on customers.customer_id = experience.customer_id
left join operations on customers.customer_id = operations.customer_id
