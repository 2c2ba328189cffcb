"""One row per horizon, predictor and segment: how well the predictor told who would leave from who would stay.

Intervals by DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837, with midranks (Sun and Xu 2014): the variance
of an AUC from what each customer adds to it, and that of a difference of two AUCs of the same customers.
"""

import numpy as np
import pandas as pd

# Fewer who left, or who stayed, judge nothing: the interval would be all that can be seen.
MIN_OUTCOMES = 10
# Each predictor is held against another one.
BASELINES = {"engagement": "recency", "recency": None, "proposed": "engagement"}
# A variance below this is a rounding error of 0.
TINY = 1e-15
PLACES = 9
FIGURES = [
    *("auc", "auc_low", "auc_high", "auc_gain", "auc_gain_low", "auc_gain_high", "auc_gain_p_value"),
    *("brier", "base_brier", "top_decile_lift"),
]
COLUMNS = {
    "horizon_days": "int64",
    "predictor": "str",
    "segment_dimension": "str",
    "segment_value": "str",
    "customers": "int64",
    "churned": "int64",
    **dict.fromkeys(FIGURES, "float64"),
    "note": "str",
}


def model(dbt, session):
    """Judges each predictor, over everybody and in each segment."""
    dbt.config(materialized="table")
    cutoffs = dbt.ref("int_backtest_cutoffs").df()
    told = dbt.ref("int_backtest_probabilities").order("horizon_days, predictor, customer_id").df()
    segments = dbt.ref("int_backtest_segments").order("horizon_days, customer_id").df()
    return judge(sorted(cutoffs["horizon_days"].unique()), told, segments)


def judge(horizons, told, segments):
    """The rows of COLUMNS, from the columns of int_backtest_probabilities and int_backtest_segments.

    Everybody is judged at each horizon, even where nobody is there.
    """
    rows = []
    for horizon in horizons:
        of_horizon = told[told["horizon_days"] == horizon]
        customers = pd.Index(of_horizon["customer_id"].unique())
        by_predictor = {
            name: of_horizon[of_horizon["predictor"] == name].set_index("customer_id").reindex(customers)
            for name in BASELINES
            if name != "proposed" or (of_horizon["predictor"] == name).any()
        }
        members = segments[segments["horizon_days"] == horizon]
        places = pd.Series(customers.get_indexer(members["customer_id"]), index=members.index)
        groups = {("all", "all"): np.arange(len(customers))}
        groups |= {
            key: places[of_segment.index].to_numpy()
            for key, of_segment in members.groupby(["segment_dimension", "segment_value"], sort=True)
        }
        for (dimension, value), group in groups.items():
            figures = judge_group({name: rows.iloc[group] for name, rows in by_predictor.items()})
            rows += [
                {
                    "horizon_days": horizon,
                    "predictor": name,
                    "segment_dimension": dimension,
                    "segment_value": value,
                    **found,
                }
                for name, found in figures.items()
            ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    table[FIGURES] = table[FIGURES].round(PLACES) + 0.0  # -0.0 becomes 0.0
    return table


def judge_group(by_predictor):
    """Counts, figures and note by predictor; each has one row per customer, the same customers in the same order."""
    placed, found = {}, {}
    for name, told in by_predictor.items():
        churned = told["has_churned"].to_numpy(dtype=bool)
        found[name] = {"customers": len(churned), "churned": churned.sum(), "note": None}
        if min(churned.sum(), (~churned).sum()) < MIN_OUTCOMES:
            found[name]["note"] = "too_few_outcomes"
            continue
        risk, probability = told["risk"].to_numpy(), told["probability"].to_numpy()
        placed[name] = placements(risk, churned)
        area, low, high, _ = estimate(*placed[name])
        found[name] |= {"auc": area, "auc_low": max(low, 0.0), "auc_high": min(high, 1.0)}
        found[name]["top_decile_lift"] = top_decile_lift(risk, churned)
        found[name]["brier"] = brier(probability, churned)
        found[name]["base_brier"] = brier(told["base_rate"].to_numpy(), churned)
        if np.isnan(probability).any():
            found[name]["note"] = "too_few_to_learn"
    for name in placed:
        if BASELINES[name]:
            differences = [own - other for own, other in zip(placed[name], placed[BASELINES[name]], strict=True)]
            names = ["auc_gain", "auc_gain_low", "auc_gain_high", "auc_gain_p_value"]
            found[name] |= dict(zip(names, estimate(*differences), strict=True))
    return found


def placements(risk, churned):
    """The share of the others that each customer stands on the right side of, ties by half.

    Of each that left: of those who stayed, how many had less risk; of each that stayed: of those who left, how many had
    more. The mean of either is the AUC.
    """
    # Imported late: it takes longer than all else where there is nothing to judge.
    from scipy.stats import rankdata

    ranks, stayed = rankdata(risk), ~churned
    left = (ranks[churned] - rankdata(risk[churned])) / stayed.sum()
    return left, 1.0 - (ranks[stayed] - rankdata(risk[stayed])) / churned.sum()


def estimate(left, stayed):
    """AUC, or difference of two, with its 95 % interval and the p-value of 0, from (differences of) placements.

    Without variance there is no interval and no p-value: of customers without exception nothing is known about one.
    """
    from scipy.stats import norm

    value = left.mean()
    variance = left.std(ddof=1) ** 2 / len(left) + stayed.std(ddof=1) ** 2 / len(stayed)
    if variance < TINY:
        return value, np.nan, np.nan, np.nan
    error = np.sqrt(variance)
    return value, value - norm.isf(0.025) * error, value + norm.isf(0.025) * error, 2 * norm.sf(abs(value) / error)


def brier(probability, churned):
    """Brier's score (1950): the mean squared error of probabilities, 0 at best."""
    return np.mean((probability - churned) ** 2)


def top_decile_lift(risk, churned):
    """How many times the churn rate of all that of the tenth at most risk is.

    Customers at the edge of the tenth who have the same risk count in proportion: no order of theirs is better.
    """
    levels, level = np.unique(-risk, return_inverse=True)
    customers = np.bincount(level, minlength=len(levels))
    size = len(risk) / 10
    share = np.clip((size - (np.cumsum(customers) - customers)) / customers, 0.0, 1.0)
    return (share * np.bincount(level, weights=churned, minlength=len(levels))).sum() / size / churned.mean()
