-- Respondents are the customers who answered and are still there; shares of a trait are shares of all of them.
with bias as (
    select
        metric,
        trait,
        is_share,
        min(respondents) as respondents,
        max(respondents) as most_respondents,
        min(customers) as customers,
        sum(respondents_of_value) as respondents_of_values,
        sum(customers_of_value) as customers_of_values,
        sum(customer_mean) as customer_shares,
        sum(respondent_mean) as respondent_shares
    from {{ ref('respondent_bias') }}
    group by metric, trait, is_share
),

there as (
    select
        surveys.metric,
        count(*) as customers,
        count(case when surveys.response_class = 'answered' then 1 end) as respondents
    from {{ ref('customer_survey_scores') }} as surveys
    inner join {{ ref('dim_customers') }} as customers
        on surveys.customer_id = customers.customer_id
        and customers.lifecycle_stage <> 'churned'
    group by surveys.metric
)

select bias.*
from bias
left join there on bias.metric = there.metric
where
    bias.respondents <> bias.most_respondents
    or bias.respondents <> bias.respondents_of_values
    or bias.customers <> bias.customers_of_values
    or (bias.is_share and bias.respondents is distinct from there.respondents)
    or (bias.is_share and bias.customers is distinct from there.customers)
    or bias.respondents > there.respondents
    or (bias.is_share and abs(bias.customer_shares - 1) > 1e-9)
    or (bias.is_share and abs(bias.respondent_shares - 1) > 1e-9)
