"""One row per driver of NPS: its relative weight after Johnson, with the sample it rests on.

Johnson (2000), Multivariate Behavioral Research 35:1. R² is split by way of the orthogonal variables that lie nearest
to the drivers, so that drivers which go together share what they explain together.
"""

import numpy as np
import pandas as pd

# A driver that fewer people answered stays out of the model: it would take everybody else out of it.
MIN_RESPONDENTS = 10
# Accounts below which the interval would say more about the accounts drawn than about the driver.
MIN_CUSTOMERS = 10
# Draws of accounts for the intervals; and with the sample itself as one more, signs of NPS for the p-value.
RESAMPLES = 1000
SEED = 2000
# Eigenvalues and variances below this are rounding errors of 0.
TINY = 1e-9
# Published figures end here, so that the last bits of a processor's arithmetic make no other table.
PLACES = 9
COLUMNS = {
    "driver_kind": "str",
    "driver": "str",
    "respondents": "int64",
    "correlation": "float64",
    "model_respondents": "int64",
    "model_customers": "int64",
    "r_squared": "float64",
    "r_squared_p_value": "float64",
    "standardised_coefficient": "float64",
    "relative_weight": "float64",
    "relative_weight_low": "float64",
    "relative_weight_high": "float64",
    "is_small_sample": "bool",
    "note": "str",
}


def model(dbt, session):
    """Weighs the drivers of each kind on their own."""
    dbt.config(materialized="table")
    min_answers = int(dbt.config.meta_get("min_answers"))
    answers = dbt.ref("int_driver_answers").df()
    metrics = dbt.ref("survey_metrics").df()
    themes = dbt.ref("comment_themes").df()
    drivers = {"component": set(metrics["metric"]) - {"nps"}, "theme": set(themes["theme"])}
    weighed = [
        weigh(*sample_of(answers[answers["driver_kind"] == kind], names, kind == "theme"), min_answers).assign(
            driver_kind=kind
        )
        for kind, names in drivers.items()
    ]
    return pd.concat(weighed, ignore_index=True)[list(COLUMNS)].astype(COLUMNS)


def sample_of(answers, names, is_mention):
    """Drivers, NPS and customer of each respondent, from the rows of one kind of int_driver_answers.

    A comment that does not mention a theme is a 0 (`is_mention`); a question that was not answered stays NaN.
    """
    key = ["customer_id", "respondent"]
    is_nps = answers["driver"].isna()
    nps = answers[is_nps].set_index(key)["answer"].sort_index()
    predictors = answers[~is_nps].pivot(index=key, columns="driver", values="answer")
    predictors = predictors.reindex(index=nps.index, columns=sorted(names)).astype(float)
    if is_mention:
        predictors = predictors.fillna(0.0)
    customers = nps.index.get_level_values("customer_id").to_numpy()
    return predictors.reset_index(drop=True), nps.reset_index(drop=True).astype(float), customers, is_mention


def weigh(predictors, outcome, customers, is_mention, min_answers):
    """One row per column of `predictors`, in their order: the columns of COLUMNS but for driver_kind.

    `predictors` has a row per respondent, NaN where a question was not answered; `outcome` is the respondent's NPS in
    points, `customers` the account. Only complete rows enter the model: silence is not imputed.
    """
    given = predictors > 0 if is_mention else predictors.notna()
    table = pd.DataFrame({"driver": predictors.columns.astype("str"), "respondents": given.sum().to_numpy(dtype=int)})
    table["correlation"] = [
        _correlation(predictors[name], outcome) if n >= min_answers else np.nan
        for name, n in zip(predictors.columns, table["respondents"], strict=True)
    ]
    enough = (table["respondents"] >= max(MIN_RESPONDENTS, min_answers)).to_numpy()
    candidates = enough & (predictors.nunique() > 1).to_numpy()
    rows = predictors.loc[:, candidates].notna().all(axis=1).to_numpy() & candidates.any()
    varies = candidates & (predictors[rows].nunique() > 1).to_numpy()
    x, y, accounts = predictors.loc[rows, varies].to_numpy(), outcome[rows].to_numpy(), customers[rows]
    n, k = x.shape

    table["model_respondents"] = n
    table["model_customers"] = len(np.unique(accounts))
    # Green (1991), Multivariate Behavioral Research 26:499: 50 + 8k to judge R², 104 + k to judge single drivers.
    table["is_small_sample"] = n < max(50 + 8 * k, 104 + k)
    fitted = [name for name, dtype in COLUMNS.items() if dtype == "float64" and name != "correlation"]
    table[fitted] = np.nan
    table["note"] = pd.Series([None] * len(table), dtype=object)
    table.loc[~enough, "note"] = "too_few_answers"
    table.loc[enough & ~varies, "note"] = "no_variation"
    if n < max(k + 2, min_answers):
        table.loc[candidates, "note"] = "too_few_in_model"
    elif len(np.unique(y)) < 2:
        table.loc[varies, "note"] = "nps_does_not_vary"
    elif k:
        moments = _moments(x, y, accounts)
        weights, coefficients = relative_weights(*_correlations(moments.sum(axis=0)))
        table["r_squared"] = weights.sum()
        table["r_squared_p_value"] = _p_value(x, y, accounts)
        table.loc[varies, "relative_weight"] = weights
        table.loc[varies, "standardised_coefficient"] = coefficients
        table.loc[varies, ["relative_weight_low", "relative_weight_high"]] = _interval(moments)
        table.loc[varies & table["standardised_coefficient"].isna().to_numpy(), "note"] = "collinear"
    figures = ["correlation", *fitted]
    table[figures] = table[figures].round(PLACES) + 0.0  # -0.0 becomes 0.0
    return table


def relative_weights(among, with_outcome):
    """Johnson's relative weights, which sum to R², and the standardised coefficients.

    `among` are the correlations among the drivers (…, k, k), of one sample or many, `with_outcome` those with the
    outcome (…, k). Drivers that are the same share their weight evenly; a coefficient without a single value is NaN.
    """
    eigenvalues, vectors = np.linalg.eigh(among)
    is_kept = eigenvalues > TINY
    root = np.sqrt(np.where(is_kept, eigenvalues, 0.0))
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=is_kept)
    projected = inverse * (np.swapaxes(vectors, -1, -2) @ with_outcome[..., None])[..., 0]
    loadings = (vectors * root[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    betas = (vectors @ projected[..., None])[..., 0]
    weights = (loadings**2 @ (betas**2)[..., None])[..., 0]
    coefficients = (vectors @ (inverse * projected)[..., None])[..., 0]
    is_ambiguous = ((vectors**2 * ~is_kept[..., None, :]).sum(axis=-1)) > TINY
    return weights, np.where(is_ambiguous, np.nan, coefficients)


def _correlation(driver, outcome):
    both = driver.notna().to_numpy()
    x, y = driver[both].to_numpy(), outcome[both].to_numpy()
    return np.corrcoef(x, y)[0, 1] if len(np.unique(x)) > 1 and len(np.unique(y)) > 1 else np.nan


def _moments(x, y, accounts):
    """Sums of 1, the values and their products by account (accounts, k + 2, k + 2), about the means of all."""
    values = np.column_stack([x, y])
    values = np.column_stack([np.ones(len(values)), (values - values.mean(axis=0)) / values.std(axis=0)])
    of_account = np.unique(accounts, return_inverse=True)[1]
    size = values.shape[1]
    moments = np.empty((of_account.max() + 1, size, size))
    for i in range(size):
        for j in range(i + 1):
            moments[:, i, j] = moments[:, j, i] = np.bincount(of_account, values[:, i] * values[:, j])
    return moments


def _correlations(moments):
    """Correlations among the drivers and with the outcome, from summed moments; 0 for what does not vary."""
    n = moments[..., :1, :1]
    mean = moments[..., :1, 1:] / n
    covariance = moments[..., 1:, 1:] / n - np.swapaxes(mean, -1, -2) * mean
    spread = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0))
    inverse = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > np.sqrt(TINY))
    correlations = covariance * inverse[..., :, None] * inverse[..., None, :]
    size = correlations.shape[-1]
    correlations[..., range(size), range(size)] = 1.0
    return correlations[..., :-1, :-1], correlations[..., :-1, -1]


def _interval(moments):
    """95 % percentile interval of each weight, by drawing customers whole: people of one account answer alike."""
    customers, size = moments.shape[:2]
    generator = np.random.default_rng(SEED)
    flat = moments.reshape(customers, -1)
    # How often each account is drawn, as floating point: a product with integers is five times slower.
    draws = (
        np.bincount(generator.integers(0, customers, customers), minlength=customers).astype(float)
        for _ in range(RESAMPLES)
    )
    sums = np.array([drawn @ flat for drawn in draws]).reshape(-1, size, size)
    nps_varies = sums[:, -1, -1] / sums[:, 0, 0] - (sums[:, 0, -1] / sums[:, 0, 0]) ** 2 > TINY
    if customers < MIN_CUSTOMERS or nps_varies.mean() < 0.9:
        return np.full((size - 2, 2), np.nan)
    weights = relative_weights(*_correlations(sums[nps_varies]))[0]
    return np.quantile(weights, [0.025, 0.975], axis=0).T


def _p_value(x, y, accounts):
    """The share of random signs of NPS about its mean, the ones found included, that the drivers explain as well.

    A sign is drawn for each account, since people of one account answer alike.
    """
    axes, sizes, _ = np.linalg.svd((x - x.mean(axis=0)) / x.std(axis=0), full_matrices=False)
    axes = axes[:, sizes**2 > TINY * len(x)]
    centred = y - y.mean()
    generator = np.random.default_rng(SEED)
    found = ((centred @ axes) ** 2).sum()
    of_account = np.unique(accounts, return_inverse=True)[1]
    draws = (2 * generator.integers(0, 2, of_account.max() + 1) - 1 for _ in range(RESAMPLES - 1))
    explained = [(((centred * signs[of_account]) @ axes) ** 2).sum() for signs in draws]
    # Where nothing is explained all signs explain as much, whatever the last bits say.
    return (1 + (np.array(explained) >= found * (1 - TINY) - TINY * len(x)).sum()) / RESAMPLES
