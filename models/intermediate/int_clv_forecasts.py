"""One row per customer with a purchase: whether it still buys, how often it will within a year, and for how much.

BG/NBD (Fader, Hardie and Lee 2005) tells from the days of purchases how often a customer buys and whether it has
stopped; Gamma-Gamma (Fader and Hardie 2013) what a day of purchases brings. Both are fitted by maximum likelihood with
pymc-marketing, which stands in an environment of its own: `make build CLV=1`.
"""

import os
import warnings

import numpy as np
import pandas as pd

# Below so many customers who came back, four parameters are not found but guessed.
MIN_REPEAT_CUSTOMERS = 30
# Where customers are all alike the likeliest parameters are endless, and the search stops somewhere on its way there.
HIGHEST = 1e5
WEEK = 7  # days: the unit of the published parameters
HORIZON = 365  # days
# The last bits of a processor's arithmetic, and of where a search ends, make no other table.
PLACES = 6
BGNBD = ["r", "alpha", "a", "b"]
GAMMA_GAMMA = ["p", "q", "v"]
FIGURES = ["probability_alive", "expected_purchase_days", "expected_amount"]
PARAMETERS = [f"bgnbd_{name}" for name in BGNBD] + [f"gg_{name}" for name in GAMMA_GAMMA]


def model(dbt, session):
    """Forecasts for everybody who bought, whether or not it came back."""
    dbt.config(materialized="table")
    # On a line of its own: dbt does not find a ref within a return.
    today = dbt.ref("int_as_of").df()["as_of_date"][0]
    purchases = dbt.ref("int_customer_purchases").filter("purchase_days > 0").order("customer_id")
    days = purchases.project("""
        customer_id, purchase_days, first_purchase_date, last_purchase_date,
        cast(repeat_revenue as double) as repeat_revenue
    """).df()
    return forecast(summary_of(days, today))


def summary_of(days, today):
    """What the models read, by customer: `frequency`, `recency` and `T` in weeks, and `monetary_value`."""
    first, last = (pd.to_datetime(days[f"{end}_purchase_date"]) for end in ("first", "last"))
    frequency = days["purchase_days"].astype(int) - 1
    return pd.DataFrame(
        {
            "customer_id": days["customer_id"].astype(str),
            "frequency": frequency,
            "recency": (last - first).dt.days / WEEK,
            "T": (pd.Timestamp(today) - first).dt.days / WEEK,
            "monetary_value": (days["repeat_revenue"] / frequency.where(frequency > 0)).fillna(0.0),
        }
    )


def forecast(customers):
    """FIGURES, PARAMETERS and a note for each row of `customers`, a result of `summary_of`."""
    result = customers[["customer_id"]].reset_index(drop=True)
    result[FIGURES + PARAMETERS] = np.nan
    result["note"] = pd.Series([None] * len(result), dtype=object)
    if (customers["frequency"] > 0).sum() < MIN_REPEAT_CUSTOMERS:
        result["note"] = "too_few_repeat_customers"
    else:
        _fill(result, customers.reset_index(drop=True))
    result[FIGURES + PARAMETERS] = result[FIGURES + PARAMETERS].astype(float).round(PLACES)
    return result.astype({"customer_id": "str", "note": "str"})


def _fill(result, customers):
    clv, flat = _library()
    buying = clv.BetaGeoModel(model_config={name: flat for name in BGNBD})
    if not _fitted(buying, customers.drop(columns="monetary_value"), BGNBD, result, "bgnbd_"):
        result["note"] = "not_fitted"
        return
    result["probability_alive"] = buying.expected_probability_alive().to_numpy().ravel()
    result["expected_purchase_days"] = buying.expected_purchases(future_t=HORIZON / WEEK).to_numpy().ravel()

    # Amounts of nothing have no place in a model of positive ones.
    paying = customers[(customers["frequency"] > 0) & (customers["monetary_value"] > 0)]
    spending = clv.GammaGammaModel(model_config={name: flat for name in GAMMA_GAMMA})
    paid = paying[["customer_id", "frequency", "monetary_value"]]
    if len(paying) < MIN_REPEAT_CUSTOMERS or not _fitted(spending, paid, GAMMA_GAMMA, result, "gg_"):
        result["note"] = "amounts_not_fitted"
        return
    amounts = customers.assign(monetary_value=customers["monetary_value"].clip(lower=0.0))
    result["expected_amount"] = spending.expected_customer_spend(data=amounts).to_numpy().ravel()
    result.loc[result[FIGURES].isna().any(axis=1), "note"] = "not_computable"


def _library():
    """pymc-marketing's models of lifetime value and a flat prior, with which the likeliest parameters are found."""
    # NumPy is quick enough, and compiling what is computed a hundred times takes longer than computing it. So nobody
    # needs a C compiler.
    os.environ.setdefault("PYTENSOR_FLAGS", "cxx=,mode=FAST_COMPILE")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pymc_extras.prior import Prior
        from pymc_marketing import clv
    return clv, Prior("HalfFlat")


def _fitted(fitter, data, names, result, prefix):
    """Fits, and writes the parameters into `result`; false, and nothing written, where there is no best fit."""
    from pymc.exceptions import SamplingError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitter.fit(data=data.reset_index(drop=True), method="map", progressbar=False)
    except SamplingError:
        return False
    found = {name: float(fitter.fit_result[name].to_numpy().squeeze()) for name in names}
    # With q of 1 or less the mean amount over all customers is endless too.
    if not all(0 < value < HIGHEST for value in found.values()) or found.get("q", 2) <= 1:
        return False
    for name, value in found.items():
        result[prefix + name] = value
    return True
