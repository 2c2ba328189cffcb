-- A figure is missing where the note says so and nowhere else, and lies within its interval; a gain is a difference of
-- two AUCs; all three horizons are there.
with backtest as (
    select * from {{ ref('score_backtest') }}
),

recency as (
    select * from backtest
    where predictor = 'recency'
)

select
    backtest.horizon_days,
    backtest.predictor,
    backtest.segment_dimension,
    backtest.segment_value,
    backtest.note
from backtest
left join recency
    on backtest.horizon_days = recency.horizon_days
    and backtest.segment_dimension = recency.segment_dimension
    and backtest.segment_value = recency.segment_value
where
    (backtest.auc is null) <> (coalesce(backtest.note, '') = 'too_few_outcomes')
    or (backtest.top_decile_lift is null) <> (backtest.auc is null)
    or (backtest.brier is null) <> (backtest.note is not null)
    or (backtest.base_brier is null) <> (backtest.note is not null)
    or backtest.auc not between 0 and 1
    or backtest.auc_low > backtest.auc
    or backtest.auc_high < backtest.auc
    or backtest.auc_low < 0
    or backtest.auc_high > 1
    or backtest.brier not between 0 and 1
    or backtest.base_brier not between 0 and 1
    or backtest.top_decile_lift not between 0 and 10.000000001
    or (backtest.auc_gain is null) <> (backtest.predictor = 'recency' or backtest.auc is null)
    -- Each of the three has nine places.
    or abs(backtest.auc_gain - (backtest.auc - recency.auc)) > 0.000000002
    or backtest.auc_gain_low > backtest.auc_gain
    or backtest.auc_gain_high < backtest.auc_gain
    or backtest.auc_gain_p_value not between 0 and 1
union all
select
    cutoffs.horizon_days,
    predictors.predictor,
    'all' as segment_dimension,
    'all' as segment_value,
    'the row is missing' as note
from {{ ref('int_backtest_cutoffs') }} as cutoffs
cross join (values ('engagement'), ('recency')) as predictors (predictor)
left join backtest
    on cutoffs.horizon_days = backtest.horizon_days
    and predictors.predictor = backtest.predictor
    and backtest.segment_dimension = 'all'
where cutoffs.periods_back = 1 and backtest.horizon_days is null
