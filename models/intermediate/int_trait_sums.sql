-- One row per metric, trait and value: sums over all customers, and over those of them who have answered.
with traits as (
    select * from {{ ref('int_customer_traits') }}
),

metrics as (
    select * from {{ ref('survey_metrics') }}
),

respondents as (
    select distinct
        metric,
        customer_id
    from {{ ref('int_answers') }}
    where is_answered
),

everybody as (
    select
        trait,
        trait_value,
        min(units) as units,
        count(*) as rows_of_value,
        sum(amount) as total,
        sum(amount * amount) as square_total
    from traits
    group by trait, trait_value
),

answering as (
    select
        respondents.metric,
        traits.trait,
        traits.trait_value,
        count(*) as rows_of_value,
        sum(traits.amount) as total,
        sum(traits.amount * traits.amount) as square_total
    from traits
    inner join respondents on traits.customer_id = respondents.customer_id
    group by respondents.metric, traits.trait, traits.trait_value
),

-- A value that no respondent has is a share of 0, not a value left out.
paired as (
    select
        metrics.metric,
        everybody.trait,
        everybody.trait_value,
        everybody.units,
        everybody.rows_of_value as customers_of_value,
        everybody.total as customer_total,
        everybody.square_total as customer_square_total,
        coalesce(answering.rows_of_value, 0) as respondents_of_value,
        coalesce(answering.total, 0) as respondent_total,
        coalesce(answering.square_total, 0) as respondent_square_total
    from metrics
    cross join everybody
    left join answering
        on metrics.metric = answering.metric
        and everybody.trait = answering.trait
        and everybody.trait_value = answering.trait_value
)

-- Each customer has one value of a trait: over its values they add up to all of whom it is known.
select
    *,
    sum(customers_of_value) over (partition by metric, trait) as customers,
    sum(respondents_of_value) over (partition by metric, trait) as respondents
from paired
