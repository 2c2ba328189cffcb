"""One row per customer, horizon and predictor: the probability of leaving that the period before would have given.

A logistic regression on one measure, fitted where outcomes had already come when those judged here began.
"""

import numpy as np
import pandas as pd

# Fewer who left, or who stayed, teach no probability and judge none.
MIN_OUTCOMES = 10
# Published figures end here, so that the last bits of a processor's arithmetic make no other table.
PLACES = 9
COLUMNS = {
    "customer_id": "str",
    "horizon_days": "int64",
    "predictor": "str",
    "risk": "float64",
    "has_churned": "bool",
    "probability": "float64",
    "base_rate": "float64",
}


def model(dbt, session):
    """Foretells each horizon by each predictor on its own."""
    dbt.config(materialized="table")
    risks = dbt.ref("int_backtest_risks").order("horizon_days, predictor, periods_back, customer_id").df()
    return foretell(risks)


def foretell(risks):
    """The rows of COLUMNS of the last period, from the columns of int_backtest_risks.

    `base_rate` is the share that left in the period before: what one would say of everybody who knows no predictor.
    Both are NaN where that period teaches none: too few outcomes, or a measure that parts them without fault.
    """
    told = [pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)]
    for _, one in risks.groupby(["horizon_days", "predictor"], sort=True):
        before, last = one[one["periods_back"] == 2], one[one["periods_back"] == 1]
        probability, base_rate = fit(
            before["risk"].to_numpy(), before["has_churned"].to_numpy(dtype=bool), last["risk"].to_numpy()
        )
        told.append(last.assign(probability=probability, base_rate=base_rate)[list(COLUMNS)].astype(COLUMNS))
    return pd.concat(told, ignore_index=True)


def fit(risk, churned, risk_now):
    """Probabilities of leaving at `risk_now`, and the share that left: both from `risk` and whether they `churned`."""
    if min(churned.sum(), (~churned).sum()) < MIN_OUTCOMES:
        return np.full(len(risk_now), np.nan), np.nan
    base_rate = churned.mean().round(PLACES)
    if np.ptp(risk) == 0:
        return np.full(len(risk_now), base_rate), base_rate
    left, stayed = risk[churned], risk[~churned]
    if left.min() >= stayed.max() or left.max() <= stayed.min():
        # Where a measure parts both without fault no slope is the likeliest: each steeper one is likelier.
        return np.full(len(risk_now), np.nan), np.nan
    # Imported late: it takes longer than all else where there is nothing to learn.
    from sklearn.linear_model import LogisticRegression

    spread = risk.std()
    scaled = (risk - risk.mean()) / spread
    # C is infinite: nothing is to be shrunk where one coefficient is learned from many.
    regression = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=100)
    regression.fit(scaled[:, None], churned)
    if not len(risk_now):
        return np.empty(0), base_rate
    probability = regression.predict_proba(((risk_now - risk.mean()) / spread)[:, None])[:, 1]
    return probability.round(PLACES), base_rate
