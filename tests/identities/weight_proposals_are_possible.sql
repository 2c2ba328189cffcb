-- A proposal is missing where the note says so and nowhere else, and never below 0; what it gains is one number; how
-- good the weights of today are is what the backtest says.
with proposals as (
    select
        *,
        max(horizon_days) over () as last_horizon,
        max(coalesce(auc_proposed, -1)) over () as last_auc
    from {{ ref('weight_proposals') }}
),

backtest as (
    select * from {{ ref('score_backtest') }}
    where predictor = 'engagement' and segment_dimension = 'all'
)

select
    proposals.event_type,
    proposals.proposed_weight,
    proposals.note
from proposals
left join backtest on proposals.horizon_days = backtest.horizon_days
where
    backtest.horizon_days is null
    or (proposals.proposed_weight is null) <> (proposals.note is not null)
    or (proposals.reason is null) <> (proposals.note is not null)
    or proposals.proposed_weight < 0
    or (proposals.proposed_weight > 0 and proposals.coefficient <= 0)
    or proposals.events < proposals.customers_using
    or proposals.customers_using > proposals.learned_customers
    or proposals.learned_churned > proposals.learned_customers
    or coalesce(proposals.auc_current <> backtest.auc, backtest.auc is not null)
    or proposals.judged_customers <> backtest.customers
    -- Each of the three has nine places.
    or abs(proposals.auc_gain - (proposals.auc_proposed - proposals.auc_current)) > 0.000000002
    or proposals.is_gain_distinguishable <> coalesce(
        proposals.auc_gain_low > 0 or proposals.auc_gain_high < 0, false
    )
    or proposals.horizon_days <> proposals.last_horizon
    or coalesce(proposals.auc_proposed, -1) <> proposals.last_auc
