-- One row per horizon: would the score have told who was going to leave, and better than days of silence alone?
{{ config(enabled=python_models()) }}
with backtest as (
    select * from {{ ref('score_backtest') }}
    where segment_dimension = 'all'
),

calibration as (
    select * from {{ ref('score_calibration') }}
    where predictor = 'engagement'
),

-- A decile whose interval leaves out what was foretold of it is one of which the probabilities are wrong.
deciles as (
    select
        horizon_days,
        count(*) as deciles,
        sum(case when mean_predicted between churn_rate_low and churn_rate_high then 1 else 0 end) as foretold
    from calibration
    group by horizon_days
)

select
    score.horizon_days,
    score.customers,
    score.churned,
    score.auc,
    score.auc_low,
    score.auc_high,
    recency.auc as auc_of_recency_alone,
    score.auc_gain_low,
    score.auc_gain_high,
    case
        when score.note is not null then 'not known: ' || score.note
        when coalesce(score.auc_low, score.auc) <= 0.5 then 'no better than chance, as far as can be seen'
        when score.auc_gain_low > 0 then 'yes, and better than recency alone'
        when score.auc_gain_high < 0 then 'yes, but recency alone does better'
        else 'yes, but recency alone may do as well'
    end as verdict,
    1 - score.brier / nullif(score.base_brier, 0) as brier_skill,
    score.top_decile_lift,
    deciles.foretold as deciles_as_foretold,
    deciles.deciles
from backtest as score
inner join backtest as recency
    on score.horizon_days = recency.horizon_days
    and recency.predictor = 'recency'
left join deciles on score.horizon_days = deciles.horizon_days
where score.predictor = 'engagement'
order by score.horizon_days
