"""The backtest and the weights it proposes: against scikit-learn, statsmodels and SciPy, and that nothing leaks."""

import datetime as dt
import importlib.util
import re
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from real_data import REPOSITORY
from scipy.optimize import minimize
from scipy.stats import norm
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, roc_auc_score
from sql_builds import Project, Warehouse, compile_project


def load(name: str):
    """A Python model as a module."""
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "models" / "intermediate" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


backtest, probabilities, proposals = map(load, ["int_backtest", "int_backtest_probabilities", "int_weight_proposals"])
FIXTURE = pd.read_csv(REPOSITORY / "seeds" / "published" / "fixture_calibration.csv").set_index("metric")
OUTCOMES = st.lists(st.tuples(st.booleans(), st.integers(0, 8), st.integers(0, 8)), min_size=4, max_size=60).filter(
    lambda rows: 2 <= sum(churned for churned, *_ in rows) <= len(rows) - 2
)
QUICKLY = settings(max_examples=200, database=None, deadline=None, derandomize=True)


def sample(n: int = 400, seed: int = 4, strength: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two measures with ties that know something of who leaves, and who did."""
    generator = np.random.default_rng(seed)
    truth = generator.normal(size=n)
    good, poor = (np.round(strength * truth + generator.normal(0, noise, n), 1) for noise in (1.0, 2.5))
    return good, poor, generator.random(n) < 1 / (1 + np.exp(2 - truth))


def gain_of(risk: np.ndarray, other: np.ndarray, churned: np.ndarray) -> list[np.ndarray]:
    """What each customer adds to the difference of two AUCs."""
    placed = [backtest.placements(measure, churned) for measure in (risk, other)]
    return [own - its for own, its in zip(*placed, strict=True)]


# Figures.


def test_published_auc_and_brier_come_out():
    for name, formula in {
        "auc": lambda churned, told: backtest.placements(told, churned)[0].mean(),
        "brier": lambda churned, told: backtest.brier(told, churned),
    }.items():
        row = FIXTURE.loc[name]
        truth, told = (np.array(row[column].split(), dtype=float) for column in ("truth", "prediction"))
        assert formula(truth == 1, told) == pytest.approx(float(row["expected"]), abs=float(row["tolerance"]))


@QUICKLY
@given(OUTCOMES)
def test_auc_and_brier_are_scikit_learn_s(rows):
    churned, risk, told = (np.array(column) for column in zip(*rows, strict=True))
    left, stayed = backtest.placements(risk.astype(float), churned)
    assert left.mean() == pytest.approx(roc_auc_score(churned, risk), abs=1e-12)
    assert stayed.mean() == pytest.approx(left.mean(), abs=1e-12)
    assert backtest.brier(told / 8, churned) == pytest.approx(brier_score_loss(churned, told / 8), abs=1e-12)


@QUICKLY
@given(OUTCOMES)
def test_the_variance_of_delong_is_that_of_all_pairs_written_out(rows):
    churned, risk, other = (np.array(column) for column in zip(*rows, strict=True))

    def of_pairs(measure):
        wins = measure[churned][:, None] - measure[~churned][None, :]
        return (np.sign(wins) + 1) / 2

    pairs = of_pairs(risk) - of_pairs(other)
    variance = pairs.mean(axis=1).var(ddof=1) / churned.sum() + pairs.mean(axis=0).var(ddof=1) / (~churned).sum()
    differences = gain_of(risk.astype(float), other.astype(float), churned)
    value, low, high, p_value = backtest.estimate(*differences)
    assert value == pytest.approx(pairs.mean(), abs=1e-12)
    if variance < 1e-12:
        assert np.isnan([low, high, p_value]).all()
    else:
        assert (high - low) / 2 == pytest.approx(1.959963984540054 * np.sqrt(variance), abs=1e-9)
        assert p_value == pytest.approx(2 * norm.cdf(-abs(pairs.mean()) / np.sqrt(variance)), abs=1e-9)


def test_intervals_are_near_those_of_a_bootstrap():
    good, poor, churned = sample()
    generator = np.random.default_rng(9)
    drawn = [generator.integers(0, len(good), len(good)) for _ in range(600)]
    areas = np.array([[roc_auc_score(churned[one], measure[one]) for measure in (good, poor)] for one in drawn])
    differences = gain_of(good, poor, churned)
    for found, boot in (
        (backtest.placements(good, churned), areas[:, 0]),
        (differences, areas[:, 0] - areas[:, 1]),
    ):
        value, low, high, p_value = backtest.estimate(*found)
        assert (high - low) / (2 * norm.isf(0.025)) == pytest.approx(boot.std(), rel=0.1)
        assert low < value < high and p_value < 0.05


def told_of(**columns: np.ndarray) -> pd.DataFrame:
    """Rows of one predictor as judge_group takes them."""
    return pd.DataFrame(columns)


def test_a_predictor_without_a_mistake_has_no_interval_and_equal_ones_have_no_gain():
    churned = np.arange(40) >= 25
    rows = told_of(risk=np.arange(40.0), probability=0.5, base_rate=0.25, has_churned=churned)
    found = backtest.judge_group({"engagement": rows, "recency": rows})
    assert found["engagement"]["auc"] == 1 and found["engagement"]["auc_gain"] == 0
    assert np.isnan(
        [found["engagement"][name] for name in ("auc_low", "auc_high", "auc_gain_low", "auc_gain_p_value")]
    ).all()
    assert "auc_gain" not in found["recency"]
    assert found["engagement"]["base_brier"] == pytest.approx((15 * 0.75**2 + 25 * 0.25**2) / 40)


def test_bounds_end_where_an_auc_ends():
    churned = np.arange(24) >= 12
    risk = np.arange(24.0)
    risk[[11, 12]] = risk[[12, 11]]
    rows = told_of(risk=risk, probability=0.5, base_rate=0.5, has_churned=churned)
    assert backtest.judge_group({"recency": rows})["recency"]["auc_high"] == 1
    rows = rows.assign(risk=-risk)
    assert backtest.judge_group({"recency": rows})["recency"]["auc_low"] == 0


@pytest.mark.parametrize(("left", "note"), [(9, "too_few_outcomes"), (10, None), (30, None), (31, "too_few_outcomes")])
def test_ten_must_have_left_and_ten_stayed(left, note):
    rows = told_of(risk=np.arange(40.0), probability=0.5, base_rate=0.5, has_churned=np.arange(40) < left)
    found = backtest.judge_group({"engagement": rows, "recency": rows.assign(risk=-rows["risk"] % 7)})
    for figures in found.values():
        assert (figures["customers"], figures["churned"], figures["note"]) == (40, left, note)
        assert ("auc" in figures) == (note is None)


def test_the_lift_is_the_mean_over_all_orders_of_equal_risks():
    generator = np.random.default_rng(2)
    for n in (40, 57, 100):
        risk, churned = generator.integers(0, 12, n).astype(float), generator.random(n) < 0.3
        lifts = []
        for _ in range(4000):
            order = np.lexsort((generator.random(n), -risk))
            share = np.clip(n / 10 - np.arange(n), 0, 1)
            lifts.append((share * churned[order]).sum() / (n / 10) / churned.mean())
        assert backtest.top_decile_lift(risk, churned) == pytest.approx(np.mean(lifts), abs=0.05)
    perfect = np.arange(100) >= 90
    assert backtest.top_decile_lift(np.arange(100.0), perfect) == pytest.approx(10)


def test_the_worked_examples_of_the_decisions():
    # D87: two at most risk, then five equal ones, of 25.
    risk = np.array([9.0] * 2 + [5.0] * 5 + [1.0] * 18)
    churned = np.array([True, False, True, True] + [False] * 19 + [True] * 2)
    assert backtest.top_decile_lift(risk, churned) == pytest.approx(2.4)
    # D88.
    placed = backtest.placements(np.array([3.0, 1.0, 0.0, 2.0]), np.array([True, True, False, False]))
    value, low, _, _ = backtest.estimate(*placed)
    assert (value, (value - low) / norm.isf(0.025)) == pytest.approx((0.75, 0.125**0.5))
    # D89.
    counts = np.array([1, 3, 7])
    assert 0.4 * np.log1p(counts).sum() / counts.sum() == pytest.approx(0.151, abs=0.0005)


def test_every_horizon_is_judged_even_where_nobody_is_there():
    nobody = pd.DataFrame(columns=list(probabilities.COLUMNS)).astype(probabilities.COLUMNS)
    segments = pd.DataFrame(columns=["customer_id", "horizon_days", "segment_dimension", "segment_value"])
    found = backtest.judge([30, 60], nobody, segments)
    assert found[["horizon_days", "predictor", "segment_value", "customers"]].to_numpy().tolist() == [
        [30, "engagement", "all", 0],
        [30, "recency", "all", 0],
        [60, "engagement", "all", 0],
        [60, "recency", "all", 0],
    ]
    assert set(found["note"]) == {"too_few_outcomes"} and found[backtest.FIGURES].isna().all(axis=None)
    assert probabilities.foretell(nobody.assign(periods_back=1)).empty


# Probabilities and their calibration.


def test_probabilities_are_those_of_statsmodels():
    risk, now, churned = sample()
    told, base_rate = probabilities.fit(risk, churned, now)
    expected = sm.Logit(churned.astype(float), sm.add_constant(risk)).fit(disp=0, tol=1e-12)
    np.testing.assert_allclose(told, expected.predict(sm.add_constant(now)), atol=2e-9)
    assert base_rate == pytest.approx(churned.mean(), abs=1e-9)


def test_nine_outcomes_teach_nothing_and_a_measure_that_never_varies_teaches_the_rate():
    churned = np.arange(100) < 9
    told, base_rate = probabilities.fit(np.arange(100.0), churned, np.arange(5.0))
    assert np.isnan(told).all() and np.isnan(base_rate)
    # The standard deviation of these is not 0 but 2e-16.
    told, base_rate = probabilities.fit(np.full(150, np.log1p(3)), np.arange(150) < 15, np.arange(5.0))
    assert told.tolist() == [0.1] * 5 and base_rate == 0.1


@pytest.mark.parametrize("sign", [1, -1])
def test_a_measure_that_never_errs_has_no_likeliest_probability(sign):
    told, base_rate = probabilities.fit(sign * np.arange(100.0), np.arange(100) >= 60, np.array([0.0, 50.0, 99.0]))
    assert np.isnan(told).all() and np.isnan(base_rate)


def risks(seed: int = 6, n: int = 300) -> pd.DataFrame:
    """Rows like those of int_backtest_risks: two horizons, two predictors, two periods."""
    tables = []
    for horizon in (30, 90):
        for period in (1, 2):
            good, poor, churned = sample(n, seed + horizon + period)
            for predictor, risk in {"engagement": good, "recency": poor}.items():
                rows = {"customer_id": [f"c{i:03}" for i in range(n)], "risk": risk, "has_churned": churned}
                key = {"horizon_days": horizon, "periods_back": period, "predictor": predictor}
                tables.append(pd.DataFrame(rows).assign(**key))
    return pd.concat(tables, ignore_index=True)


def segments_of(told: pd.DataFrame) -> pd.DataFrame:
    """Two segments beside everybody."""
    rows = told[["customer_id", "horizon_days"]].drop_duplicates()
    odd = rows["customer_id"].str[-1].isin(list("13579"))
    plan = rows.assign(segment_dimension="plan", segment_value=np.where(odd, "pro", "free"))
    return pd.concat([rows.assign(segment_dimension="all", segment_value="all"), plan], ignore_index=True)


def test_the_rows_may_come_in_any_order():
    rows = risks()
    found = []
    for seed in (None, 1):
        shuffled = rows if seed is None else rows.sample(frac=1, random_state=seed)
        told = probabilities.foretell(shuffled).sort_values(
            ["horizon_days", "predictor", "customer_id"], ignore_index=True
        )
        members = segments_of(told) if seed is None else segments_of(told).sample(frac=1, random_state=seed)
        found.append((told, backtest.judge([30, 90], told.sample(frac=1, random_state=seed), members)))
    for one, other in zip(*found, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_each_segment_is_judged_by_itself():
    told = probabilities.foretell(risks())
    found = backtest.judge([30, 90], told, segments_of(told)).set_index(["horizon_days", "predictor", "segment_value"])
    assert len(found) == 12
    own = told[(told["horizon_days"] == 90) & (told["predictor"] == "recency")]
    own = own[own["customer_id"].str[-1].isin(list("13579"))]
    row = found.loc[(90, "recency", "pro")]
    assert (row["customers"], row["churned"]) == (len(own), own["has_churned"].sum())
    assert row["auc"] == pytest.approx(roc_auc_score(own["has_churned"], own["risk"]), abs=1e-9)
    assert row["brier"] == pytest.approx(brier_score_loss(own["has_churned"], own["probability"]), abs=1e-9)
    gain = found["auc"].unstack("predictor")
    assert found["auc_gain"].unstack("predictor")["engagement"].to_numpy() == pytest.approx(
        (gain["engagement"] - gain["recency"]).to_numpy(), abs=2e-9
    )


def test_deciles_are_scikit_learn_s(dbt):
    compiled = dbt("compile", "--no-populate-cache", "--select", "score_calibration")
    (sql,) = (result.node.compiled_code for result in compiled if result.node.name == "score_calibration")
    generator = np.random.default_rng(8)
    tables = []
    for predictor, n in {"engagement": 400, "recency": 1230}.items():
        told = generator.permutation(n) / n * 0.9 + 0.000000001
        rows = {
            "horizon_days": 30,
            "predictor": predictor,
            "probability": told,
            "has_churned": generator.random(n) < told,
        }
        tables.append(pd.DataFrame(rows))
    frames = {
        "int_backtest_probabilities": pd.concat(tables, ignore_index=True),
        "int_as_of": pd.DataFrame({"as_of_date": [pd.Timestamp("2026-06-30")]}),
    }
    with duckdb.connect() as connection:
        for database, schema, name in set(re.findall(r'"(\w+)"\."(\w+)"\."(\w+)"', sql)):
            connection.execute(f"attach if not exists ':memory:' as {database}")
            connection.execute(f"create schema if not exists {database}.{schema}")
            connection.register("frame", frames[name])
            connection.execute(f"create table {database}.{schema}.{name} as from frame")
        found = connection.sql(sql).df().sort_values(["predictor", "decile"])
    for table in tables:
        own = found[found["predictor"] == table["predictor"][0]]
        rate, told = calibration_curve(table["has_churned"], table["probability"], n_bins=10, strategy="quantile")
        assert own["decile"].tolist() == list(range(1, 11)) and set(own["customers"]) == {len(table) // 10}
        assert own["churn_rate"].to_numpy() == pytest.approx(rate, abs=1e-12)
        assert own["mean_predicted"].to_numpy() == pytest.approx(told, abs=1e-9)


# Proposals.

TYPES = {"login": 4.0, "report": 1.5, "share": 0.6, "ticket": 0.8, "odd": 0.01}


def company(n: int = 900, seed: int = 1, rare: int = 9) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers and activity of three periods: shares speak for staying, tickets against it, logins for nothing."""
    generator = np.random.default_rng(seed)
    people, lines = [], []
    names = [f"c{i:04}" for i in range(n)]
    for period in (1, 2, 3):
        counts = {name: generator.poisson(mean, n) for name, mean in TYPES.items()}
        counts["odd"] = (np.arange(n) < rare).astype(int)
        staying = (
            0.5 + 1.2 * np.log1p(counts["share"]) + 0.5 * np.log1p(counts["report"]) - 1.5 * np.log1p(counts["ticket"])
        )
        churned = generator.random(n) > 1 / (1 + np.exp(-staying - 1))
        people.append(pd.DataFrame({"customer_id": names, "periods_back": period, "has_churned": churned}))
        for name, count in counts.items():
            rows = pd.DataFrame(
                {"customer_id": names, "event_type": name, "event_count": count, "periods_back": period}
            )
            rows["decayed_count"], rows["points"] = count * 0.5, count * 2.0
            lines.append(rows[count > 0])
    order = ["customer_id", "event_type"]
    return pd.concat(people).sort_values("customer_id"), pd.concat(lines).sort_values(order)


def propose(people: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    return proposals.propose(people, lines, 90, pd.Timestamp("2026-01-01")).set_index("event_type")


def test_what_speaks_for_staying_is_found_and_points_stay_as_many_as_they_are():
    people, lines = company()
    found = propose(people, lines)
    assert found.loc["share", "proposed_weight"] > found.loc["report", "proposed_weight"] > 0
    assert found.loc["ticket", "coefficient"] < 0 and found.loc["ticket", "proposed_weight"] == 0
    assert abs(found.loc["login", "coefficient"]) < found.loc["report", "coefficient"] / 3
    assert found.loc["odd", "note"] == "too_few_customers" and np.isnan(found.loc["odd", "proposed_weight"])
    assert found.drop("odd")["note"].isna().all()
    taught = lines[(lines["periods_back"] == 2) & (lines["event_type"] != "odd")]
    worth = taught["decayed_count"] * taught["event_type"].map(found["proposed_weight"])
    assert worth.sum() == pytest.approx(taught["points"].sum(), rel=1e-6)
    events = taught.groupby("event_type")["event_count"].agg(["sum", "size"])
    assert found.loc[events.index, "events"].tolist() == events["sum"].tolist()
    assert found.loc[events.index, "customers_using"].tolist() == events["size"].tolist()
    gone = people[people["periods_back"] == 2]["has_churned"].sum()
    assert set(found["churned"]) == {gone} and set(found["customers"]) == {900}


def test_coefficients_are_those_of_the_penalised_likelihood_maximised_by_another_route():
    people, lines = company(rare=40)
    found = propose(people, lines)
    taught, known = lines[lines["periods_back"] == 2], people[people["periods_back"] == 2]
    counts = taught.pivot(index="customer_id", columns="event_type", values="decayed_count")
    counts = counts.reindex(known["customer_id"]).fillna(0.0)
    logs = np.log1p(counts)
    x, stayed = (logs / logs.std(ddof=0)).to_numpy(), ~known["has_churned"].to_numpy()
    strength = found["strength"].iloc[0]

    def loss(beta):
        margin = np.where(stayed, 1, -1) * (beta[0] + x @ beta[1:])
        return strength * np.logaddexp(0, -margin).sum() + (beta[1:] ** 2).sum() / 2

    beta = minimize(loss, np.zeros(x.shape[1] + 1), method="BFGS", options={"gtol": 1e-7}).x[1:]
    expected = beta / logs.std(ddof=0) * logs.sum() / counts.sum()
    assert found.loc[expected.index, "coefficient"].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-5)


def test_the_period_that_judges_teaches_nothing():
    people, lines = company()
    found = propose(people, lines)
    last = people["periods_back"] == 1
    turned = people.assign(has_churned=people["has_churned"] ^ last)
    pd.testing.assert_frame_equal(propose(turned, lines), found)
    more = lines.assign(decayed_count=lines["decayed_count"] * np.where(lines["periods_back"] == 1, 7, 1))
    pd.testing.assert_frame_equal(propose(people, more), found)


def test_how_strongly_to_shrink_is_chosen_where_an_earlier_period_foretells_the_next():
    people, lines = company()
    noise = people.assign(has_churned=np.random.default_rng(5).permutation(people["has_churned"]))
    assert propose(noise, lines)["strength"].iloc[0] == min(proposals.STRENGTHS)
    assert propose(people, lines)["strength"].iloc[0] > min(proposals.STRENGTHS)
    few = people[(people["periods_back"] < 3) | ~people["has_churned"]]
    assert propose(few, lines)["strength"].iloc[0] == proposals.USUAL_STRENGTH


@pytest.mark.parametrize("customers", [100, 250, 280, 290])
def test_what_everybody_did_as_often_teaches_nothing_and_takes_no_weight(customers):
    # The variance of such a column is 0 for some numbers of customers, and a rounding error for others.
    people, lines = company()
    kept = people["customer_id"].drop_duplicates().iloc[:customers]
    people, lines = people[people["customer_id"].isin(kept)], lines[lines["customer_id"].isin(kept)]
    rows = people[["customer_id", "periods_back"]].assign(event_type="invoice", event_count=1, decayed_count=1.0)
    both = pd.concat([lines, rows.assign(points=0.0)]).sort_values(["customer_id", "event_type"])
    found = propose(people, both)
    if found.loc["share", "note"] != "too_few_outcomes":
        assert found.loc["invoice", "note"] == "no_variation" and np.isnan(found.loc["invoice", "proposed_weight"])
        pd.testing.assert_series_equal(found["coefficient"].drop("invoice"), propose(people, lines)["coefficient"])


def test_without_weights_an_event_is_worth_1_on_average():
    people, lines = company()
    found = propose(people, lines.assign(points=0.0)).drop("odd")
    taught = lines[(lines["periods_back"] == 2) & (lines["event_type"] != "odd")]
    worth = taught["decayed_count"] * taught["event_type"].map(found["proposed_weight"])
    assert worth.sum() == pytest.approx(taught["decayed_count"].sum(), rel=1e-5)


def test_where_nothing_speaks_for_staying_nothing_is_proposed():
    people, lines = company()
    found = propose(people, lines[lines["event_type"] == "ticket"])
    assert found["note"].tolist() == ["nothing_learned"]
    assert found["coefficient"].lt(0).all() and found["proposed_weight"].isna().all()


@pytest.mark.parametrize("period", [1, 2])
def test_nine_outcomes_propose_nothing(period):
    people, lines = company()
    gone = people[people["has_churned"] & (people["periods_back"] == period)].index
    stays = people.reset_index(drop=True)
    kept = stays["has_churned"] & (stays["periods_back"] == period)
    stays.loc[kept[kept].index[9:], "has_churned"] = False
    found = propose(stays, lines)
    assert len(gone) > 9 and set(found["note"]) == {"too_few_outcomes"}
    assert found[["coefficient", "proposed_weight", "strength"]].isna().all(axis=None)
    assert (found.loc["login", ["events", "customers"]] > 0).all()


def test_a_type_that_only_began_later_or_that_few_use_has_no_proposal():
    people, lines = company()
    new = lines[(lines["event_type"] == "login") & (lines["periods_back"] == 1)].assign(event_type="beta")
    found = propose(people, pd.concat([lines, new]).sort_values(["customer_id", "event_type"]))
    assert found.loc["beta", ["events", "customers_using", "note"]].tolist() == [0, 0, "too_few_customers"]
    old = lines[(lines["event_type"] == "login") & (lines["periods_back"] == 3)].assign(event_type="gone")
    assert "gone" not in propose(people, pd.concat([lines, old])).index
    assert np.isfinite(propose(*company(rare=10)).loc["odd", "coefficient"])


def test_a_company_without_events_has_no_proposals():
    people, lines = company()
    assert propose(people.iloc[:0], lines.iloc[:0]).empty
    assert propose(people, lines.iloc[:0]).empty


def test_the_longest_horizon_with_enough_outcomes_in_both_periods_teaches():
    rows = [
        {"horizon_days": horizon, "periods_back": period, "has_churned": i < gone}
        for horizon, left in {30: (10, 10), 60: (10, 11), 90: (30, 9)}.items()
        for period, gone in zip((1, 2), left, strict=True)
        for i in range(40)
    ]
    assert proposals.longest_horizon(pd.DataFrame(rows)) == 60
    assert proposals.longest_horizon(pd.DataFrame(rows)[lambda rows: rows["horizon_days"] == 90]) == 90
    assert proposals.longest_horizon(pd.DataFrame(rows).iloc[:0]) == 90


# Leaks: a company of raw rows, and the project's SQL.

TODAY = dt.date(2026, 6, 30)
SELECTED = ["--resource-type", "model", "--resource-type", "seed", "--select", "+int_backtest_segments"]
GIFT = pd.DataFrame(
    [("login", "1", "", "", ""), ("gift", "1000", "", "", "only who stays gets one")],
    columns=["event_type", "weight", "valid_from", "valid_to", "reason"],
)


@dataclass(frozen=True)
class State:
    """What a Warehouse asks for."""

    setting: int = 0
    as_of_date: dt.date = TODAY
    kill: None = None
    seeds: dict = field(default_factory=lambda: {"event_weights": GIFT})


def raw_company(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events and customers, 600 of them over a year; a third leave, and fade before. Written as Parquet."""
    generator = np.random.default_rng(11)
    today = pd.Timestamp(TODAY)
    events, customers = [], []
    for i in range(600):
        name = f"c{i:03}"
        leaves = today - pd.Timedelta(days=int(generator.integers(0, 270))) if i % 3 == 0 else pd.NaT
        ago = np.arange(365)[generator.random(365) < generator.uniform(0.05, 0.4)]
        days = today - pd.to_timedelta(ago, unit="D")
        if leaves is not pd.NaT:
            fading = (leaves - days).days
            days = days[(fading > 0) & ((fading > 60) | (generator.random(len(days)) < 0.4))]
        lag = pd.to_timedelta(generator.choice([0, 0, 0, 1, 6], len(days)), unit="D")
        events.append(pd.DataFrame({"customer_id": name, "occurred_at": days, "loaded_at": days + lag}))
        customers.append((name, pd.Timestamp("2025-01-01"), "pro" if i % 2 else "free", leaves))
    events = pd.concat(events, ignore_index=True).assign(event_type="login")
    events["occurred_at"] += pd.Timedelta(hours=9)
    events["loaded_at"] += pd.Timedelta(hours=23)
    events["event_id"] = [f"e{i}" for i in range(len(events))]
    customers = pd.DataFrame(customers, columns=["customer_id", "updated_at", "plan", "churned_at"])
    folder.mkdir(parents=True)
    write(events, folder / "events.parquet")
    write(customers, folder / "customers.parquet")
    return events, customers


def write(rows: pd.DataFrame, path: Path) -> None:
    times = {name: "datetime64[us]" for name in rows if name.endswith("_at")}
    rows.astype(times).to_parquet(path)


@pytest.fixture(scope="session")
def project(new_dbt, tmp_path_factory) -> Project:
    """The models of the backtest that are SQL, compiled."""
    folder = tmp_path_factory.mktemp("backtest_project")
    raw_company(folder / "raw")
    setting = {"segment_columns": ["plan"], "max_rejected_share": 1.0}
    return compile_project(new_dbt(), folder, folder / "raw", SELECTED, [setting])


def built(project: Project, folder: Path) -> dict[str, pd.DataFrame]:
    """The backtest's tables of a raw folder, with what the Python models make of them."""
    with Warehouse(project) as warehouse:
        warehouse.build(State(), folder)
        tables = {
            name: warehouse.connection.sql(f"select * from work.main.int_backtest_{name} order by all").df()
            for name in ("customers", "activity", "segments", "cutoffs")
        }
    customers = tables["customers"]
    rows = [
        customers.assign(predictor="engagement", risk=-np.log1p(customers["points"])),
        customers.assign(predictor="recency", risk=np.log1p(customers["days_since_last_event"])),
    ]
    told = probabilities.foretell(pd.concat(rows)[lambda rows: rows["periods_back"] < 3])
    tables["backtest"] = backtest.judge([30, 60, 90], told, tables["segments"])
    of_90 = tables["cutoffs"][tables["cutoffs"]["horizon_days"] == 90]
    tables["proposals"] = proposals.propose(
        customers[customers["horizon_days"] == 90],
        tables["activity"].merge(of_90[["cutoff_date", "periods_back"]], on="cutoff_date"),
        90,
        of_90.set_index("periods_back")["cutoff_date"][2],
    )
    return tables


def planted(events: pd.DataFrame, customers: pd.DataFrame, loaded_ago: int) -> pd.DataFrame:
    """Gifts to all who stay, told to have come on every day of the last 300, but loaded so many days before today."""
    staying = customers[customers["churned_at"].isna()]["customer_id"]
    days = [pd.Timestamp(TODAY) - pd.Timedelta(days=ago) for ago in range(loaded_ago, 300, 4)]
    gifts = pd.MultiIndex.from_product([staying, days], names=["customer_id", "occurred_at"]).to_frame(index=False)
    loaded = pd.Timestamp(TODAY) - pd.Timedelta(days=loaded_ago, hours=-22)
    gifts = gifts.assign(event_type="gift", loaded_at=loaded, event_id=[f"g{i}" for i in range(len(gifts))])
    return pd.concat([events, gifts[events.columns]], ignore_index=True)


def test_what_was_loaded_later_changes_nothing_and_a_planted_future_makes_no_auc_better(project, tmp_path):
    events, customers = raw_company(tmp_path / "raw")
    before = built(project, tmp_path / "raw")
    everybody = before["backtest"][before["backtest"]["segment_value"] == "all"].set_index(
        ["horizon_days", "predictor"]
    )
    assert everybody["note"].isna().all() and (everybody["auc"] < 0.95).all()

    # On the day after the last cutoff, with days that lie before each of them.
    write(planted(events, customers, 29), tmp_path / "raw" / "events.parquet")
    after = built(project, tmp_path / "raw")
    for name, table in before.items():
        pd.testing.assert_frame_equal(after[name], table, check_exact=True, obj=name)

    # Between the cutoffs of 60 and 30 days ago: the horizon of 30 days may know it, so this test can fail.
    write(planted(events, customers, 45), tmp_path / "raw" / "events.parquet")
    after = built(project, tmp_path / "raw")
    for name in ("customers", "activity"):
        old = [table[name][table[name]["cutoff_date"] < "2026-05-31"] for table in (before, after)]
        pd.testing.assert_frame_equal(*(table.reset_index(drop=True) for table in old), check_exact=True)
    told = [table["backtest"].query("segment_value == 'all'") for table in (before, after)]
    same = [table.query("horizon_days > 30").reset_index(drop=True) for table in told]
    pd.testing.assert_frame_equal(*same, check_exact=True)
    pd.testing.assert_frame_equal(before["proposals"], after["proposals"], check_exact=True)
    assert len(after["activity"]) > len(before["activity"])
    assert told[1].query("horizon_days == 30 and predictor == 'engagement'")["auc"].item() > 0.99


def test_a_proposal_is_applied_by_nobody():
    readers = [
        path.stem
        for path in [*REPOSITORY.glob("models/**/*.sql"), *REPOSITORY.glob("models/**/*.py")]
        if re.search(r"ref\(.weight_proposals.\)", path.read_text())
    ]
    assert not readers
    readers = [path.stem for path in REPOSITORY.glob("models/**/*.sql") if "'int_weight_proposals'" in path.read_text()]
    assert sorted(readers) == ["int_backtest_risks", "weight_proposals"]
