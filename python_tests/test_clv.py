"""Purchases of CDNOW up to week 39: customer by customer as published, and what models of buying make of them."""

import importlib.util
import json
import subprocess

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import run_build
from real_data import CDNOW_DATA, REPOSITORY
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import betaln, gammaln
from scipy.stats import beta

MODEL = REPOSITORY / "models" / "intermediate" / "int_clv_forecasts.py"
SPEC = importlib.util.spec_from_file_location("int_clv_forecasts", MODEL)
forecasts = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(forecasts)

CLV_PYTHON = REPOSITORY / ".venv-clv" / "bin" / "python"
needs_library = pytest.mark.skipif(not CLV_PYTHON.exists(), reason="`make test` makes .venv-clv, with pymc-marketing")
# Fader, Hardie and Lee 2005, table 2, in weeks; Fader and Hardie 2013, in dollars.
PUBLISHED = {"bgnbd_r": 0.243, "bgnbd_alpha": 4.414, "bgnbd_a": 0.793, "bgnbd_b": 2.426}
PUBLISHED |= {"gg_p": 6.25, "gg_q": 3.74, "gg_v": 15.44}
LOG_LIKELIHOOD = -9582.4
NOT_IN_THE_FILE = {"left": "2014-09-01", "looked": ""}


@pytest.fixture(scope="module")
def week_39(cdnow, tmp_path_factory):
    """CDNOW up to week 39, with forecasts where their library is there.

    A customer who left and one who never bought stand beside those of the file.
    """
    raw = tmp_path_factory.mktemp("week_39")
    (raw / "settings").mkdir()
    has_library = CLV_PYTHON.exists()
    (raw / "settings" / "vars.yml").write_text(f"as_of_date: 2014-09-30\nclv_forecasts: {json.dumps(has_library)}\n")
    (raw / "events.parquet").symlink_to(cdnow / "events.parquet")
    rows = [f"{name},2014-08-01,{churned}" for name, churned in NOT_IN_THE_FILE.items()]
    (raw / "customers.csv").write_text("\n".join(["customer_id,updated_at,churned_at", *rows]))
    python = {"python": CLV_PYTHON} if has_library else {}
    result = run_build(raw, tmp_path_factory.mktemp("week_39_warehouse"), **python)
    assert result.returncode == 0, result.output
    return result


def table(result, name: str) -> pd.DataFrame:
    """A published table without the customers that are not in the file, by number of the customer."""
    with duckdb.connect(str(result.marts), read_only=True) as connection:
        rows = connection.sql(f"from {name} where customer_id not in {tuple(NOT_IN_THE_FILE)}").df()
    return rows.set_index(rows["customer_id"].astype(int)).sort_index()


def test_value_at_week_39_is_the_packages_summary_customer_by_customer(week_39):
    expected = pd.read_csv(CDNOW_DATA / "cdnow_customers_summary_with_transactions.csv", index_col="ID")
    expected.columns = ["frequency", "recency", "T", "monetary_value"]
    found = table(week_39, "customer_value")

    assert len(found) == 2357
    assert found.index.tolist() == expected.index.tolist()
    assert found["frequency"].tolist() == expected["frequency"].tolist()
    # Weeks of the package have two places.
    np.testing.assert_allclose(found["repeat_span_days"] / 7, expected["recency"], rtol=0, atol=0.00501)
    np.testing.assert_allclose(found["age_days"] / 7, expected["T"], rtol=0, atol=0.00501)
    assert (found["recency_days"] + found["repeat_span_days"] == found["age_days"]).all()
    # Who did not come back has no mean; the package says 0.
    assert (found["monetary_value"].isna() == (expected["frequency"] == 0)).all()
    np.testing.assert_allclose(found["monetary_value"].fillna(0), expected["monetary_value"], rtol=0, atol=0.01)


def log_likelihood(parameters, x, t_x, age):
    """BG/NBD, of all customers: equation 6 of Fader, Hardie and Lee 2005, as it is printed."""
    r, alpha, a, b = parameters
    bought = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    alive = betaln(a, b + x) - betaln(a, b) + bought - (r + x) * np.log(alpha + age)
    with np.errstate(invalid="ignore"):
        stopped = betaln(a + 1, b + x - 1) - betaln(a, b) + bought - (r + x) * np.log(alpha + t_x)
    return np.where(x > 0, np.logaddexp(alive, stopped), alive), alive


def weeks_of(found):
    x = found["frequency"].to_numpy(float)
    return x, found["repeat_span_days"].to_numpy() / 7, found["age_days"].to_numpy() / 7


@needs_library
def test_the_models_find_the_published_parameters(week_39):
    found = table(week_39, "customer_clv_forecasts")
    assert found["note"].isna().all()
    parameters = found[list(PUBLISHED)].drop_duplicates()
    assert len(parameters) == 1, "one fit, one set of parameters"
    assert parameters.iloc[0].to_dict() == pytest.approx(PUBLISHED, rel=0.01)


@needs_library
def test_no_other_parameters_are_likelier(week_39):
    found = table(week_39, "customer_clv_forecasts")
    data = weeks_of(found)
    parameters = found[["bgnbd_r", "bgnbd_alpha", "bgnbd_a", "bgnbd_b"]].iloc[0].to_numpy()
    best = minimize(
        lambda logs: -log_likelihood(np.exp(logs), *data)[0].sum(), np.zeros(4), method="L-BFGS-B", tol=1e-12
    )
    assert -best.fun == pytest.approx(LOG_LIKELIHOOD, abs=0.05)
    assert log_likelihood(parameters, *data)[0].sum() == pytest.approx(-best.fun, abs=1e-4)
    np.testing.assert_allclose(parameters, np.exp(best.x), rtol=0.002)

    x, mean = (found[found["frequency"] > 0][name].to_numpy(float) for name in ("frequency", "monetary_value"))

    def amounts_log_likelihood(p, q, v):
        """Gamma-Gamma: equation 1a of Fader and Hardie 2013."""
        shape = p * x
        return (
            gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(v)
            + (shape - 1) * np.log(mean) + shape * np.log(x) - (shape + q) * np.log(v + x * mean)
        ).sum()  # fmt: skip

    best = minimize(
        lambda logs: -amounts_log_likelihood(*np.exp(logs)), np.ones(3), method="Nelder-Mead", options={"maxiter": 9999}
    )
    parameters = found[["gg_p", "gg_q", "gg_v"]].iloc[0]
    assert amounts_log_likelihood(*parameters) == pytest.approx(-best.fun, abs=1e-3)


@needs_library
def test_forecasts_are_what_the_parameters_say(week_39):
    everybody = table(week_39, "customer_clv_forecasts")
    found = everybody.iloc[::40]
    r, alpha, a, b, p, q, v = everybody.iloc[0][list(PUBLISHED)].astype(float)
    x, t_x, age = weeks_of(found)

    whole, alive = log_likelihood((r, alpha, a, b), x, t_x, age)
    np.testing.assert_allclose(found["probability_alive"], np.exp(alive - whole), atol=2e-6)

    def expected_days(x, age):
        """Of who is alive: a rate and a probability to stop, averaged over what its purchases leave possible."""
        weeks = 365 / 7

        def of_stopping(stop):
            return (1 - ((alpha + age) / (alpha + age + stop * weeks)) ** (r + x)) / stop * beta.pdf(stop, a, b + x)

        return quad(of_stopping, 0, 1e-3)[0] + quad(of_stopping, 1e-3, 1)[0]

    days = [expected_days(*customer) for customer in zip(x, age, strict=True)]
    np.testing.assert_allclose(found["expected_purchase_days"], days * np.exp(alive - whole), rtol=2e-5, atol=2e-6)

    spent = (x * found["monetary_value"].fillna(0)).to_numpy()
    np.testing.assert_allclose(found["expected_amount"], p * (v + spent) / (p * x + q - 1), rtol=2e-6)
    revenue = found["expected_purchase_days"] * found["expected_amount"]
    np.testing.assert_allclose(found["forecast_revenue"], revenue)
    np.testing.assert_allclose(found["forecast_margin"], 0.7 * revenue)


@needs_library
def test_who_has_left_or_never_bought_is_named(week_39):
    with duckdb.connect(str(week_39.marts), read_only=True) as connection:
        found = connection.sql(f"""
            select customer_id, note, probability_alive, expected_purchase_days, forecast_revenue, forecast_margin
            from customer_clv_forecasts where customer_id in {tuple(NOT_IN_THE_FILE)} order by customer_id
        """).fetchall()
    assert found == [("left", "churned", 0, 0, 0, 0), ("looked", "no_purchase", None, None, None, None)]


def customers_of(frequency: list, amount: float = 20.0) -> pd.DataFrame:
    """Customers as `summary_of` gives them: seen for a year, each with so many repeats up to last week."""
    frequency = np.array(frequency)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(len(frequency))],
            "frequency": frequency,
            "recency": np.where(frequency > 0, 51.0, 0.0),
            "T": 52.0,
            "monetary_value": np.where(frequency > 0, amount, 0.0),
        }
    )


@pytest.mark.parametrize("repeaters", [0, 29])
def test_below_thirty_who_came_back_nothing_is_forecast(repeaters):
    found = forecasts.forecast(customers_of([1] * repeaters + [0] * 100))
    assert found["note"].unique().tolist() == ["too_few_repeat_customers"]
    assert found[forecasts.FIGURES + forecasts.PARAMETERS].isna().all(axis=None)


def test_without_buyers_there_is_nothing_to_forecast():
    found = forecasts.forecast(customers_of([]))
    assert list(found) == ["customer_id", *forecasts.FIGURES, *forecasts.PARAMETERS, "note"]
    assert found.empty


def test_the_summary_is_in_weeks_up_to_today():
    days = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "purchase_days": [3, 1],
            "first_purchase_date": pd.to_datetime(["2025-01-01", "2025-01-31"]),
            "last_purchase_date": pd.to_datetime(["2025-01-15", "2025-01-31"]),
            "repeat_revenue": [30.0, 0.0],
        }
    )
    found = forecasts.summary_of(days, pd.Timestamp("2025-02-05")).to_dict("records")
    assert found == [
        {"customer_id": "a", "frequency": 2, "recency": 2.0, "T": 5.0, "monetary_value": 15.0},
        {"customer_id": "b", "frequency": 0, "recency": 0.0, "T": pytest.approx(5 / 7), "monetary_value": 0.0},
    ]


@needs_library
def test_customers_who_are_all_alike_have_no_best_fit():
    alike = customers_of([10] * 60)
    differ = customers_of([1, 2, 3, 5, 8, 13, 0, 0, 1, 1] * 10)
    code = f"""
import importlib.util, json, sys
import pandas as pd
spec = importlib.util.spec_from_file_location("model", {str(MODEL)!r})
model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(model)
found = [model.forecast(pd.DataFrame(case)) for case in json.load(sys.stdin)]
print(json.dumps([[sorted(set(case["note"])), case[model.FIGURES].isna().all().tolist()] for case in found]))
"""
    done = subprocess.run(
        [CLV_PYTHON, "-c", code],
        input=json.dumps([case.to_dict("list") for case in (alike, differ)]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    of_alike, of_differ = json.loads(done.stdout.splitlines()[-1])
    assert of_alike == [["not_fitted"], [True, True, True]]
    # They buy at rates of their own, but each for 20 dollars: days can be told, amounts have no spread to learn from.
    assert of_differ == [["amounts_not_fitted"], [False, False, True]]


def test_without_the_library_a_sentence_names_the_command(tmp_path):
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "vars.yml").write_text("clv_forecasts: true\n")
    (tmp_path / "events.csv").write_text("event_id,customer_id,event_type,occurred_at\n1,a,login,2025-01-01\n")
    result = run_build(tmp_path, tmp_path / "warehouse")
    assert result.returncode == 1
    assert "pymc-marketing" in result.output and "make build CLV=1" in result.output
    assert "Traceback" not in result.output
