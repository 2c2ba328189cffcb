"""What moves NPS: each driver's part of its variance, by the singular value decomposition of the answers themselves."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm

from .customers import Evidence
from .settings import clean_text
from .surveys import prepare

OUTCOME = "nps"
PERSON = ["customer_id", "respondent"]
POINTS = {"positive": 100.0, "neutral": 0.0, "negative": -100.0}
SEED = 2000
ORDERS = 999
RESAMPLES = 1000
FEWEST_RESPONDENTS = 10
FEWEST_ACCOUNTS = 10
FEWEST_VALID = 0.9
NOTHING = 1e-9
LAST_BITS = 1e-15
PLACES = 9
FIGURES = ["r_squared", "r_squared_p_value", "standardised_coefficient", "relative_weight"]
BOUNDS = ["relative_weight_low", "relative_weight_high"]


class Parts(NamedTuple):
    """Standardised drivers as U S V'; what adds nothing to them (eigenvalues up to 1e-9) is left out of `u` and `s`.

    `v` has a column for each part that is kept, `is_spare` says which drivers stand in what is left out.
    """

    u: np.ndarray
    s: np.ndarray
    v: np.ndarray
    is_spare: np.ndarray


def unit(values: np.ndarray) -> np.ndarray:
    """Columns without their means, each of length 1, so that products are correlations."""
    apart = values - values.mean(axis=0)
    return apart / np.linalg.norm(apart, axis=0)


def varies(values: np.ndarray) -> np.ndarray:
    """Which columns have more than one value."""
    return np.ptp(values, axis=0) > 0 if len(values) else np.zeros(values.shape[1:], bool)


def decompose(drivers: np.ndarray) -> Parts:
    """The parts of drivers that vary; squares of singular values are the eigenvalues of their correlations."""
    u, s, vt = np.linalg.svd(unit(drivers), full_matrices=False)
    kept = s**2 > NOTHING
    return Parts(u[:, kept], s[kept], vt[kept].T, (vt[kept] ** 2).sum(axis=0) < 1 - NOTHING)


def relative_weights(parts: Parts, outcome: np.ndarray) -> np.ndarray:
    """Johnson's weights: what each part of the nearest orthogonal drivers, U V', explains, shared out by V S V'."""
    beta = parts.v @ (parts.u.T @ unit(outcome))
    shares = (parts.v * parts.s) @ parts.v.T
    return shares**2 @ beta**2


def sign_p_value(parts: Parts, outcome: np.ndarray, customers: np.ndarray) -> float:
    """How often the outcome is explained as well with other signs about its mean, one for each account."""
    centred = outcome - outcome.mean()
    accounts, account = np.unique(customers, return_inverse=True)
    generator = np.random.default_rng(SEED)
    signs = [2 * generator.integers(0, 2, len(accounts)) - 1 for _ in range(ORDERS)]
    turned = np.column_stack([centred, *(centred * one[account] for one in signs)])
    explained = ((parts.u.T @ turned) ** 2).sum(axis=0) / (centred @ centred)
    # An R² of exactly 0, which all signs reach, comes out as a few last bits.
    return (1 + (explained[1:] >= explained[0] * (1 - NOTHING) - LAST_BITS).sum()) / (ORDERS + 1)


def bootstrap(drivers: np.ndarray, outcome: np.ndarray, customers: np.ndarray) -> np.ndarray:
    """Lower and upper ends of the weights, accounts drawn whole; NaN where too little can be drawn."""
    accounts, account = np.unique(customers, return_inverse=True)
    of_account = [np.flatnonzero(account == one) for one in range(len(accounts))]
    generator = np.random.default_rng(SEED)
    found = []
    for _ in range(RESAMPLES if len(accounts) >= FEWEST_ACCOUNTS else 0):
        drawn = np.concatenate([of_account[one] for one in generator.integers(0, len(accounts), len(accounts))])
        x, y = drivers[drawn], outcome[drawn]
        if not varies(y):
            continue
        weights, is_used = np.zeros(x.shape[1]), varies(x)
        if is_used.any():
            weights[is_used] = relative_weights(decompose(x[:, is_used]), y)
        found.append(weights)
    if len(found) < max(FEWEST_VALID * RESAMPLES, 1):
        return np.full((2, drivers.shape[1]), np.nan)
    return np.quantile(found, [0.025, 0.975], axis=0)


def correlate(driver: pd.Series, outcome: pd.Series, min_answers: int, respondents: int) -> float:
    """Pearson's correlation of those with both; NaN for few respondents, or where one of both does not vary."""
    both = driver.notna()
    x, y = driver[both].to_numpy(float), outcome[both].to_numpy(float)
    if respondents < min_answers or not (varies(x) and varies(y)):
        return np.nan
    return float(unit(x) @ unit(y))


def weigh_drivers(
    kind: str, predictors: pd.DataFrame, outcome: pd.Series, min_answers: int, is_mention: bool = False
) -> pd.DataFrame:
    """The rows of one kind of `nps_drivers`.

    predictors: a column for each driver, a row for each respondent with `outcome`, NaN where there is no answer; the
    index is customer_id and respondent. is_mention: columns are 0 or 1, and respondents those with 1.
    """
    predictors = predictors.sort_index().astype(float)
    outcome = outcome.reindex(predictors.index)
    names = sorted(predictors)
    has_one = predictors == 1 if is_mention else predictors.notna()
    table = pd.DataFrame({"driver_kind": kind, "driver": names, "respondents": has_one[names].sum().to_numpy(int)})
    table = table.set_index(pd.Index(names))
    table["correlation"] = [
        correlate(predictors[name], outcome, min_answers, table.at[name, "respondents"]) for name in names
    ]
    table["correlation"] = table["correlation"].round(PLACES)
    signs = {1.0: "positive", -1.0: "negative"}
    table["direction"] = pd.Series([signs.get(sign) for sign in np.sign(table["correlation"])], names, dtype=object)

    enough = table["respondents"] >= max(FEWEST_RESPONDENTS, min_answers)
    is_candidate = enough & (predictors[names].nunique() > 1)
    candidates = list(table.index[is_candidate])
    sample = predictors[candidates].dropna() if candidates else predictors[:0]
    y = outcome[sample.index].to_numpy(float)
    x = sample[candidates].to_numpy(float)
    used = [name for name, moves in zip(candidates, varies(x), strict=True) if moves]
    x = sample[used].to_numpy(float)
    customers = sample.index.get_level_values(0).to_numpy()
    n, k = x.shape
    table["model_respondents"], table["model_customers"] = n, len(set(customers))
    table["is_small_sample"] = n < max(50 + 8 * k, 104 + k)

    is_short = n < max(k + 2, min_answers)
    is_used = table.index.isin(used)
    table["note"] = np.select(
        [~enough, ~is_candidate, np.full(len(table), is_short), ~is_used, np.full(len(table), not varies(y))],
        ["too_few_answers", "no_variation", "too_few_in_model", "no_variation", "nps_does_not_vary"],
        None,
    )
    table[[*FIGURES, *BOUNDS]] = np.nan
    if used and not is_short and varies(y):
        fill_model(table, used, x, y, customers)
    table["share_of_r_squared"] = table["relative_weight"] / table["r_squared"].where(table["r_squared"] != 0)
    weighed = table[table["relative_weight"].notna()].sort_values(
        ["relative_weight", "driver"], ascending=[False, True]
    )
    table["driver_rank"] = pd.Series(np.arange(1, len(weighed) + 1), weighed.index).reindex(names).astype("Int64")
    return table.reset_index(drop=True)


def fill_model(table: pd.DataFrame, used: list[str], x: np.ndarray, y: np.ndarray, customers: np.ndarray) -> None:
    """Write the figures of the model, rounded, and the note on drivers that say the same, into the table."""
    parts = decompose(x)
    weights = relative_weights(parts, y)
    r_squared = weights.sum()
    if not parts.is_spare.any():
        # The same by least squares, on drivers as they came.
        fitted = sm.OLS(y, sm.add_constant(x)).fit()
        np.testing.assert_allclose(fitted.rsquared, r_squared, atol=NOTHING)
    coefficients = parts.v @ (parts.u.T @ unit(y) / parts.s)
    table["r_squared"] = r_squared
    table["r_squared_p_value"] = sign_p_value(parts, y, customers)
    table.loc[used, "relative_weight"] = weights
    table.loc[used, "standardised_coefficient"] = np.where(parts.is_spare, np.nan, coefficients)
    table.loc[used, BOUNDS] = bootstrap(x, y, customers).T
    table.loc[np.array(used)[parts.is_spare], "note"] = "collinear"
    table[[*FIGURES, *BOUNDS]] = table[[*FIGURES, *BOUNDS]].round(PLACES)


def last_answers(evidence: Evidence, questions: pd.DataFrame) -> pd.DataFrame:
    """The last answer of each respondent to each metric, with `percent`, 0 to 100 of its scale, more is better."""
    rows = prepare(evidence.answers, questions)
    rows = rows[rows["is_answer"]].assign(respondent=lambda rows: rows["respondent_id"].fillna(""))
    rows = rows.sort_values(["answered_at", "answer_id"]).drop_duplicates([*PERSON, "metric"], keep="last")
    catalogue = questions.assign(question=questions["question"].map(clean_text)).set_index("question")
    own = catalogue.loc[rows["question"]].set_axis(rows.index)
    low, high = own["scale_min"].astype(int), own["scale_max"].astype(int)
    score = rows["score"].astype(int)
    above = score - low
    return rows.assign(percent=100 * above.where(own["higher_is"] != "worse", high - score) / (high - low))


def nps_drivers(
    evidence: Evidence, seeds: dict[str, pd.DataFrame], min_answers: int, labels: pd.DataFrame
) -> pd.DataFrame:
    """The table `nps_drivers`; `labels` are the themes of comments: answer_id, theme."""
    last = last_answers(evidence, seeds["survey_questions"])
    outcome = last[last["metric"] == OUTCOME].set_index(PERSON)["answer_class"].map(POINTS)
    metrics = [metric for metric in seeds["survey_metrics"]["metric"] if metric != OUTCOME]
    by_metric = {metric: last[last["metric"] == metric].set_index(PERSON)["percent"] for metric in metrics}
    components = pd.DataFrame({metric: own.reindex(outcome.index) for metric, own in by_metric.items()})
    commented = last[(last["metric"] == OUTCOME) & last["answer_id"].isin(labels["answer_id"])]
    touched = labels.groupby("theme")["answer_id"].agg(set)
    themes = pd.DataFrame(
        {
            theme: commented["answer_id"].isin(touched.get(theme, set())).astype(int).to_numpy()
            for theme in sorted(set(seeds["comment_themes"]["theme"]))
        },
        index=pd.MultiIndex.from_frame(commented[PERSON]),
    )
    return pd.concat(
        [
            weigh_drivers("component", components, outcome, min_answers),
            weigh_drivers("theme", themes, outcome, min_answers, is_mention=True),
        ],
        ignore_index=True,
    )
