-- One row per metric, trait and value: those who have answered beside all customers, and how unlike they are.
with sums as (
    select * from {{ ref('int_trait_sums') }}
),

guides as (
    select * from {{ ref('int_survey_guides') }}
),

measured as (
    select
        *,
        {{ ratio('respondent_total', 'respondents') }} / coalesce(units, 1) as respondent_mean,
        {{ ratio('customer_total', 'customers') }} / coalesce(units, 1) as customer_mean,
        {{ variance_of_units('respondent_total', 'respondent_square_total', 'respondents', 'units') }}
            as respondent_variance,
        {{ variance_of_units('customer_total', 'customer_square_total', 'customers', 'units') }}
            as customer_variance,
        respondents between 1 and {{ min_answers() }} - 1 as is_suppressed
    from sums
),

-- Both spreads count alike, however few have answered: the difference shall not look small because n is.
compared as (
    select
        *,
        respondent_mean - customer_mean as difference,
        (respondent_mean - customer_mean)
        / nullif(sqrt((respondent_variance + customer_variance) / 2.0), 0) as standardised_difference
    from measured
)

select
    compared.metric,
    compared.trait,
    compared.trait_value,
    compared.units is null as is_share,
    cast(compared.respondents as bigint) as respondents,
    cast(compared.customers as bigint) as customers,
    cast(compared.respondents_of_value as bigint) as respondents_of_value,
    cast(compared.customers_of_value as bigint) as customers_of_value,
    case when not compared.is_suppressed then compared.respondent_mean end as respondent_mean,
    compared.customer_mean,
    case when not compared.is_suppressed then compared.difference end as difference,
    case when not compared.is_suppressed then compared.standardised_difference end as standardised_difference,
    coalesce(
        not compared.is_suppressed and abs(compared.standardised_difference) > guides.standardised_difference, false
    ) as is_unlike,
    compared.is_suppressed,
    {{ build_columns() }}
from compared
cross join guides
