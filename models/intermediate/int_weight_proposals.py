"""One row per event type that occurs: what a regression on who stayed would have an event of that type be worth.

L2-regularised logistic regression of staying on log(1 + events of each type in the window). Everything is learned from
periods whose outcomes had come when the last one began, on which the proposal is judged.
"""

import numpy as np
import pandas as pd

MIN_OUTCOMES = 10
# A type that fewer customers used in the window says more about them than about the type.
MIN_CUSTOMERS = 10
# How weakly coefficients are shrunk; the period before the one that teaches says which of these foretells it best.
STRENGTHS = [0.001, 0.01, 0.1, 1.0, 10.0]
# Where that period has too few outcomes: scikit-learn's own.
USUAL_STRENGTH = 1.0
# What the seed's DECIMAL(12, 6) can hold.
MAX_WEIGHT = 999_999.999999
PLACES = 9
COLUMNS = {
    "event_type": "str",
    "horizon_days": "int64",
    "cutoff_date": "datetime64[us]",
    "customers": "int64",
    "churned": "int64",
    "strength": "float64",
    "events": "int64",
    "customers_using": "int64",
    "coefficient": "float64",
    "proposed_weight": "float64",
    "note": "str",
}


def model(dbt, session):
    """Learns from the longest horizon that has enough outcomes."""
    dbt.config(materialized="table")
    customers = dbt.ref("int_backtest_customers").order("horizon_days, periods_back, customer_id").df()
    horizon = longest_horizon(customers)
    customers = customers[customers["horizon_days"] == horizon]
    cutoffs = dbt.ref("int_backtest_cutoffs").filter(f"horizon_days = {horizon}").project("cutoff_date, periods_back")
    cutoff_date = cutoffs.filter("periods_back = 2").df()["cutoff_date"].iloc[0]
    activity = dbt.ref("int_backtest_activity").join(cutoffs, "cutoff_date").order("customer_id, event_type").df()
    return propose(customers, activity, horizon, cutoff_date)


def longest_horizon(customers):
    """The longest horizon at which both the last period and the one before have enough outcomes; else 90 days."""
    last = customers[customers["periods_back"] <= 2]
    counts = last.groupby(["horizon_days", "periods_back"])["has_churned"].agg(["sum", "size"])
    enough = np.minimum(counts["sum"], counts["size"] - counts["sum"]) >= MIN_OUTCOMES
    periods = enough[enough].groupby("horizon_days").size()
    return int(max(periods.index[periods == 2], default=90))


def propose(customers, activity, horizon, cutoff_date):
    """The rows of COLUMNS, from the rows of int_backtest_customers of one horizon and of int_backtest_activity.

    `activity` has the column `periods_back` too. Either is ordered by customer. `cutoff_date` is the day that teaches.
    """
    last, taught, earlier = (of_period(customers, activity, period) for period in (1, 2, 3))
    stayed, lines = taught
    table = pd.DataFrame({"event_type": sorted({*last[1]["event_type"], *lines["event_type"]})}, dtype="str")
    of_type = lines.groupby("event_type")
    for column, counts in {
        "events": of_type["event_count"].sum(),
        "customers_using": lines[lines["decayed_count"] > 0].groupby("event_type").size(),
    }.items():
        table[column] = counts.reindex(table["event_type"]).fillna(0).to_numpy(dtype=int)
    table[["horizon_days", "cutoff_date"]] = horizon, cutoff_date
    table["customers"], table["churned"] = len(stayed), (~stayed).sum()
    table[["strength", "coefficient", "proposed_weight"]] = np.nan
    table["note"] = None
    enough = (table["customers_using"] >= MIN_CUSTOMERS).to_numpy(copy=True)
    if min(_outcomes(stayed), _outcomes(last[0])) < MIN_OUTCOMES:
        table["note"] = "too_few_outcomes"
    else:
        table.loc[~enough, "note"] = "too_few_customers"
        if enough.any():
            # What everybody did as often as the next says nothing about who stays.
            varies = varying(logs_of(*taught, table.loc[enough, "event_type"]))
            table.loc[table.index[enough][~varies], "note"] = "no_variation"
            enough[enough] = varies
        if enough.any():
            _learn(table, enough, taught, earlier)
    figures = ["coefficient", "proposed_weight"]
    table[figures] = table[figures].round(PLACES) + 0.0  # -0.0 becomes 0.0
    return table[list(COLUMNS)].astype(COLUMNS)


def of_period(customers, activity, period):
    """Whether each customer of a period stayed, and its rows of activity, with the customer's place as `row`."""
    known = customers[customers["periods_back"] == period]
    lines = activity[activity["periods_back"] == period]
    rows = pd.Index(known["customer_id"]).get_indexer(lines["customer_id"])
    lines = lines.assign(row=rows).astype({"decayed_count": float, "points": float})
    return ~known["has_churned"].to_numpy(dtype=bool), lines[rows >= 0]


def _outcomes(stayed):
    return min(stayed.sum(), (~stayed).sum())


def _learn(table, enough, taught, earlier):
    """Writes strength, coefficients and proposals of the types that `enough` customers use into the table."""
    types = table.loc[enough, "event_type"]
    strength = best_strength(logs_of(*earlier, types), earlier[0], logs_of(*taught, types), taught[0])
    logs = logs_of(*taught, types)
    regression, spread = fit(logs, taught[0], strength)
    worth = taught[1].groupby("event_type")[["decayed_count", "points"]].sum().reindex(types)
    counts = worth["decayed_count"].to_numpy()
    # Of a logarithm the first event earns most: this is what an event earns on average.
    coefficients = regression.coef_[0] / spread * logs.sum(axis=0) / counts
    table["strength"] = strength
    table.loc[enough, "coefficient"] = coefficients
    earned = np.maximum(coefficients, 0.0) @ counts
    if earned <= 0:
        table.loc[enough, "note"] = "nothing_learned"
        return
    # All points together stay what they are, so that a scale stays usable; without any, an event is worth 1 on average.
    points = worth["points"].sum() or counts.sum()
    proposed = (np.maximum(coefficients, 0.0) * points / earned).round(6)
    table.loc[enough, "proposed_weight"] = np.minimum(proposed, MAX_WEIGHT)


def logs_of(stayed, lines, types):
    """log(1 + events) by customer and type, sparse since most customers use few of the types."""
    from scipy.sparse import csr_array

    columns = pd.Index(types).get_indexer(lines["event_type"])
    lines, columns = lines[columns >= 0], columns[columns >= 0]
    values = np.log1p(lines["decayed_count"].to_numpy())
    return csr_array((values, (lines["row"].to_numpy(), columns)), shape=(len(stayed), len(types)))


def varying(logs):
    """Which columns hold more than one value: told by the values, since a variance of 0 is rarely exact."""
    return (logs.max(axis=0) - logs.min(axis=0)).toarray().ravel() > 0


def best_strength(logs, stayed, logs_after, stayed_after):
    """Of STRENGTHS the one with which a period foretells the one after it best; the first, if several do."""
    if _outcomes(stayed) < MIN_OUTCOMES:
        return USUAL_STRENGTH
    from sklearn.metrics import log_loss

    losses = []
    for strength in STRENGTHS:
        regression, spread = fit(logs, stayed, strength)
        told = regression.predict_proba(_scaled(logs_after, spread))[:, 1]
        losses.append(round(log_loss(stayed_after, told), PLACES))
    return STRENGTHS[int(np.argmin(losses))]


def fit(logs, stayed, strength):
    """The regression on standardised columns, and the standard deviation of each; infinite, so 0, where none varies."""
    # Imported late: it takes longer than all else where there is nothing to learn.
    from sklearn.linear_model import LogisticRegression

    spread = np.sqrt(np.maximum(logs.multiply(logs).mean(axis=0) - logs.mean(axis=0) ** 2, 0.0))
    spread = np.where(varying(logs), spread, np.inf)
    regression = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-10, max_iter=100)
    return regression.fit(_scaled(logs, spread), stayed), spread


def _scaled(logs, spread):
    """Not centred, which would fill the zeros and change no slope."""
    return logs.multiply(1.0 / spread).tocsr()
