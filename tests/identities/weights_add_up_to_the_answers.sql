-- Every customer who was there is in one stratum, and weights have a mean of 1: together the answers of strata with
-- enough of them weigh their number.
with strata as (
    select
        *,
        sum(case when answers >= {{ min_answers() }} then customers end) over (
            partition by metric, period_grain, period_start
        ) as covered_customers,
        sum(case when answers >= {{ min_answers() }} then answers end) over (
            partition by metric, period_grain, period_start
        ) as all_answers
    from {{ ref('int_weighting_strata') }}
),

weighed as (
    select
        metric,
        period_grain,
        period_start,
        sum(customers) as customers,
        min(all_answers) as all_answers,
        sum(
            case
                when answers >= {{ min_answers() }} then answers * (
                    cast(customers as {{ type_double() }}) / covered_customers
                    / (cast(answers as {{ type_double() }}) / all_answers)
                )
            end
        ) as weight,
        sum(
            case
                when answers >= {{ min_answers() }} then answers * power(
                    cast(customers as {{ type_double() }}) / covered_customers
                    / (cast(answers as {{ type_double() }}) / all_answers), 2
                )
            end
        ) as square_weight
    from strata
    group by metric, period_grain, period_start
)

select
    weighed.*,
    weighted.effective_n
from weighed
inner join {{ ref('weighted_survey_scores') }} as weighted
    on weighed.metric = weighted.metric
    and weighed.period_grain = weighted.period_grain
    and weighed.period_start = weighted.period_start
where
    weighed.customers <> weighted.customers
    or weighed.all_answers <> weighted.weighted_answers
    or abs(weighed.weight - weighed.all_answers) > 1e-6
    or abs(weighed.weight * weighed.weight / weighed.square_weight - weighted.effective_n) > 1e-6
