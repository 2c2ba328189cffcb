"""Trends, comparisons of segments, breaks of instrumentation: the SQL on data with ties and gaps, against SciPy."""

import re

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

MODELS = ["engagement_trends", "segment_comparisons", "int_expected_events", "instrumentation_breaks"]
TODAY = pd.Timestamp("2025-03-31")


@pytest.fixture
def run(dbt):
    """`run(model, **tables)`: what the model's SQL makes of these tables, which are put where it looks for them."""
    compiled = dbt("compile", "--no-populate-cache", "--vars", "{score_window_days: 28}", "--select", " ".join(MODELS))
    sql = {result.node.name: result.node.compiled_code for result in compiled}

    def run(model: str, **tables: pd.DataFrame) -> pd.DataFrame:
        with duckdb.connect() as connection:
            for database, schema, name in set(re.findall(r'"(\w+)"\."(\w+)"\."(\w+)"', sql[model])):
                connection.execute(f"attach if not exists ':memory:' as {database}")
                connection.execute(f"create schema if not exists {database}.{schema}")
                frame = tables[name]
                days = [f"cast({column} as date) as {column}" for column in frame if _is_day(frame[column])]
                replaced = f"replace ({', '.join(days)})" if days else ""
                connection.execute(f"create table {database}.{schema}.{name} as select * {replaced} from frame")
            return connection.sql(sql[model]).df()

    return run


def _is_day(column: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(column)


def as_of(first_day: pd.Timestamp = TODAY) -> pd.DataFrame:
    return pd.DataFrame({"as_of_date": [TODAY], "first_activity_date": [first_day]})


def mann_kendall(points: np.ndarray) -> tuple[int, float]:
    """S and its p-value: SciPy's z, which has the variance corrected for ties, with S one nearer to 0."""
    later, earlier = np.tril_indices(len(points), -1)
    s = int(np.sign(points[later] - points[earlier]).sum())
    if s == 0:
        return 0, 1.0
    z = stats.norm.isf(stats.kendalltau(np.arange(len(points)), points, method="asymptotic").pvalue / 2)
    return s, 2 * stats.norm.sf(z * (abs(s) - 1) / abs(s))


def test_trends(run):
    generator = np.random.default_rng(3)
    shapes = [
        lambda days: generator.integers(0, 3, len(days)),
        lambda days: np.full(len(days), 5),
        lambda days: days // 7 + generator.integers(0, 12, len(days)),
        lambda days: 400 - days + generator.integers(0, 40, len(days)),
    ]
    scores, customers = {}, {}
    for i in range(60):
        days = np.arange(generator.integers(20, 300))
        customers[f"c{i}"] = TODAY - pd.Timedelta(days=int(days[-1]))
        for day, points in zip(days, shapes[i % 4](days), strict=True):
            scores[f"c{i}", customers[f"c{i}"] + pd.Timedelta(days=int(day))] = points / 4
    table = pd.DataFrame([(*key, points) for key, points in scores.items()])
    table.columns = ["customer_id", "score_date", "points"]
    found = run(
        "engagement_trends",
        fct_engagement_scores=table.assign(build_id="b", as_of_date=TODAY),
        dim_customers=pd.DataFrame(customers.items(), columns=["customer_id", "observed_from"]),
    )
    assert len(found) == len(table)
    for row in found.itertuples():
        windows = min(8, ((row.score_date - customers[row.customer_id]).days + 1) // 28)
        assert row.windows == windows
        if windows < 4:
            assert pd.isna([row.kendall_s, row.kendall_tau, row.p_value, row.trend]).all()
            continue
        ends = [row.score_date - pd.Timedelta(days=28 * ago) for ago in reversed(range(windows))]
        points = np.array([scores[row.customer_id, end] for end in ends])
        s, p_value = mann_kendall(points)
        tau = stats.kendalltau(np.arange(windows), points).statistic
        assert row.kendall_s == s
        assert row.kendall_tau == pytest.approx(tau, nan_ok=True)
        assert row.p_value == pytest.approx(p_value, abs=1e-9)
        assert row.trend == ("none" if p_value >= 0.05 else "rising" if s > 0 else "falling")
    assert set(found["trend"].dropna()) == {"none", "rising", "falling"}


def test_segment_comparisons(run):
    for values in (2, 9, 45):
        for shape in ("many ties", "no ties", "mostly nothing"):
            compare_segments(run, shape, values)


def compare_segments(run, shape: str, values: int) -> None:
    """Compares the pairs of so many segment values, whose customers have points of that shape."""
    generator = np.random.default_rng(values)
    names = [f"{'Ä' if i % 3 == 0 else 'b' if i % 3 == 1 else 'B'}{i:02}" for i in range(values)]
    # The many values have the same size up to a point, so that their names decide which thirty are compared.
    drawn = np.repeat(names, 12) if values > 30 else generator.choice(names, 900)
    points = {
        "many ties": generator.integers(0, 30, len(drawn)) / 3 + (drawn == names[1]) * 4,
        "no ties": generator.gamma(1, 100, len(drawn)) * (1 + (drawn == names[1])),
        "mostly nothing": np.where(generator.random(len(drawn)) < 0.6, 0, generator.integers(0, 9, len(drawn))),
    }[shape].round(6)
    members = pd.DataFrame({"customer_id": [f"c{i}" for i in range(len(drawn))], "value": drawn, "points": points})
    found = run(
        "segment_comparisons",
        int_as_of=as_of(),
        fct_engagement_scores=members.assign(score_date=TODAY, as_of_date=TODAY, engagement_score=50.0),
        customer_segments=members.rename(columns={"value": "segment_value"}).assign(
            segment_dimension="plan", valid_from=TODAY, valid_to=pd.NaT
        ),
    ).set_index(["segment_value", "other_value"])

    sizes = members.groupby("value").size()
    largest = sorted(sizes[sizes >= 8].index, key=lambda name: (-sizes[name], name.encode()))[:30]
    expected = {}
    for name in largest:
        for other in [other for other in largest if name.encode() < other.encode()]:
            ours, theirs = (members.loc[members["value"] == value, "points"] for value in (name, other))
            test = stats.mannwhitneyu(ours, theirs, method="asymptotic")
            expected[name, other] = (test.statistic / (len(ours) * len(theirs)), test.pvalue)
    expected = pd.DataFrame(expected, index=["superiority", "p_value"]).T
    expected["p_value_adjusted"] = multipletests(expected["p_value"], method="fdr_bh")[1]

    assert sorted(found.index) == sorted(expected.index)
    found = found.loc[expected.index]
    for column in expected:
        np.testing.assert_allclose(found[column], expected[column], rtol=1e-7, atol=1e-14)
    np.testing.assert_allclose(2 * stats.norm.sf(abs(found["z"])), expected["p_value"], rtol=1e-7)
    assert (np.sign(found["z"]) * np.sign(expected["superiority"] - 0.5) >= 0).all()
    assert (found["is_distinguishable"] == (expected["p_value_adjusted"] < 0.05)).all()


def test_instrumentation_breaks(run):
    generator = np.random.default_rng(5)
    first_day = TODAY - pd.Timedelta(days=100)
    lines = []
    for event_type, size in {"login": 40, "report": 25, "search": 200, "rare": 21, "given up": 60}.items():
        for day in range(101 if event_type != "given up" else 60):
            customers = generator.choice(400, generator.poisson(size * generator.choice([0, 0.02, 0.1, 1, 1, 1, 1, 1])))
            lines += [
                (f"c{i}", first_day + pd.Timedelta(days=day), event_type, load) for i in customers for load in (0, 1)
            ]
    ledger = pd.DataFrame(lines, columns=["customer_id", "activity_date", "event_type", "load_date"])
    ledger = ledger.assign(event_count=generator.integers(1, 4, len(ledger)))
    by_day = ledger.groupby(["activity_date", "event_type"])
    events, customers = by_day["event_count"].sum(), by_day["customer_id"].nunique()
    tables = {
        "int_as_of": as_of(first_day),
        "int_activity_dates": events.reset_index(),
        "int_activity_daily": ledger,
        "instrumentation_rules": pd.DataFrame({"max_share": [0.125], "min_expected_customers": [20]}),
    }
    tables["int_expected_events"] = run("int_expected_events", **tables)
    found = run("instrumentation_breaks", **tables).set_index(["event_type", "activity_date"])

    def median(counts: pd.Series, day: pd.Timestamp, event_type: str) -> float:
        return np.median([counts.get((day - pd.Timedelta(weeks=ago), event_type), 0) for ago in (1, 2, 3, 4)])

    types = sorted(ledger["event_type"].unique())
    breaks = {}
    for day in pd.date_range(first_day + pd.Timedelta(days=28), TODAY - pd.Timedelta(days=1)):
        now = {name: events.get((day, name), 0) for name in types}
        usual = {name: median(events, day, name) for name in types}
        for name in types:
            count, usual_count = customers.get((day, name), 0), median(customers, day, name)
            if usual_count >= 20 and now[name] <= 0.125 * usual[name] and count <= 0.125 * usual_count:
                others = sum(usual.values()) - usual[name]
                share = (sum(now.values()) - now[name]) / others if others else np.nan
                breaks[name, day] = (now[name], usual[name], count, usual_count, share)
    assert len(breaks) > 10
    assert sorted(found.index) == sorted(breaks)
    columns = ["event_count", "expected_events", "customers", "expected_customers", "other_types_share"]
    for key, expected in breaks.items():
        np.testing.assert_allclose(found.loc[key, columns].astype(float), expected, rtol=1e-12)
