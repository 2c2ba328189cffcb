-- One row per horizon, predictor and segment: how well what was known then told who would leave.
with judged as (
    select * from {{ ref('int_backtest') }}
    where predictor in ('engagement', 'recency')
),

cutoffs as (
    select * from {{ ref('int_backtest_cutoffs') }}
    where periods_back = 1
)

select
    cast(judged.horizon_days as integer) as horizon_days,
    judged.predictor,
    judged.segment_dimension,
    judged.segment_value,
    cutoffs.cutoff_date,
    judged.customers,
    judged.churned,
    {{ ratio('judged.churned', 'judged.customers') }} as churn_rate,
    judged.auc,
    judged.auc_low,
    judged.auc_high,
    judged.auc_gain,
    judged.auc_gain_low,
    judged.auc_gain_high,
    judged.auc_gain_p_value,
    judged.brier,
    judged.base_brier,
    judged.top_decile_lift,
    judged.note,
    {{ build_columns() }}
from judged
inner join cutoffs on judged.horizon_days = cutoffs.horizon_days
