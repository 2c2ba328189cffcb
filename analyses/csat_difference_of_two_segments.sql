-- One row per pair of plans: how far satisfaction differs over all time, with Newcombe's interval, z and p.
-- Shares of positive answers, 0 to 1. Any two samples without a common answer may be compared so.
with plans as (
    select
        segment_value as plan,
        positives,
        counted
    from {{ ref('survey_scores') }}
    where
        metric = 'csat'
        and segment_dimension = 'plan'
        and period_grain = 'all'
        and not is_suppressed
        and counted > 0
),

pairs as (
    select
        plans.plan,
        plans.positives,
        plans.counted,
        others.plan as other_plan,
        others.positives as other_positives,
        others.counted as other_counted
    from plans
    inner join plans as others on plans.plan < others.plan
),

compared as (
    select
        *,
        cast(positives as {{ type_double() }}) / counted
        - cast(other_positives as {{ type_double() }}) / other_counted as difference,
        {{ newcombe_bound('positives', 'counted', 'other_positives', 'other_counted', '-') }} as ci_low,
        {{ newcombe_bound('positives', 'counted', 'other_positives', 'other_counted', '+') }} as ci_high,
        {{ z_of_shares('positives', 'counted', 'other_positives', 'other_counted') }} as z
    from pairs
)

select
    plan,
    other_plan,
    counted,
    other_counted,
    difference,
    ci_low,
    ci_high,
    z,
    {{ two_sided_p('z') }} as p_value
from compared
order by plan, other_plan
