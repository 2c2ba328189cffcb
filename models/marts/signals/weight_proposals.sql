-- One row per event type that occurs: the weight that outcomes suggest, for a person to judge. Nothing reads it.
with learned as (
    select * from {{ ref('int_weight_proposals') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

weights as (
    select * from {{ ref('event_weights') }}
),

proposals as (
    select
        learned.*,
        as_of.as_of_date as activity_date,
        {{ add_days('as_of.as_of_date', 1) }} as valid_from
    from learned
    cross join as_of
),

judged as (
    select * from {{ ref('int_backtest') }}
    where segment_dimension = 'all'
),

-- Left join: without a proposal nothing is judged, but how good today's weights are is known.
gains as (
    select
        of_today.horizon_days,
        of_today.customers,
        of_today.churned,
        of_today.auc as auc_current,
        proposed.auc as auc_proposed,
        proposed.auc_gain,
        proposed.auc_gain_low,
        proposed.auc_gain_high
    from judged as of_today
    left join judged as proposed
        on of_today.horizon_days = proposed.horizon_days
        and proposed.predictor = 'proposed'
    where of_today.predictor = 'engagement'
)

select
    proposals.event_type,
    weights.weight as current_weight,
    cast(proposals.proposed_weight as decimal(12, 6)) as proposed_weight,
    proposals.valid_from,
    case
        when proposals.proposed_weight is not null then
            'learned from ' || cast(proposals.customers as {{ dbt.type_string() }}) || ' customers of '
            || cast(cast(proposals.cutoff_date as date) as {{ dbt.type_string() }}) || ', '
            || cast(proposals.churned as {{ dbt.type_string() }})
            || ' of whom left within ' || cast(proposals.horizon_days as {{ dbt.type_string() }}) || ' days; '
            || cast(proposals.customers_using as {{ dbt.type_string() }})
            || ' did this in the {{ score_window_days() }} days before'
    end as reason,
    proposals.coefficient,
    proposals.events,
    proposals.customers_using,
    cast(proposals.horizon_days as integer) as horizon_days,
    cast(proposals.cutoff_date as date) as learned_date,
    proposals.customers as learned_customers,
    proposals.churned as learned_churned,
    proposals.strength,
    gains.customers as judged_customers,
    gains.churned as judged_churned,
    gains.auc_current,
    gains.auc_proposed,
    gains.auc_gain,
    gains.auc_gain_low,
    gains.auc_gain_high,
    coalesce(gains.auc_gain_low > 0 or gains.auc_gain_high < 0, false) as is_gain_distinguishable,
    proposals.note,
    {{ build_columns() }}
from proposals
inner join gains on proposals.horizon_days = gains.horizon_days
left join weights on {{ weight_in_force('weights', 'proposals') }}
