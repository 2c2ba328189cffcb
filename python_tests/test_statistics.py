"""The statistics macros, over grids that reach their edges, against SciPy and statsmodels."""

import re
from itertools import product

import duckdb
import numpy as np
import pandas as pd
import pytest
from oracle import surveys
from real_data import REPOSITORY
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportions_ztest

DESCRIBED = ["_statistics.yml", "statistics.sql", "rank_statistics.sql"]
STUDENT_T = str(REPOSITORY / "seeds" / "student_t.csv")


@pytest.fixture
def evaluate(dbt):
    """`evaluate(rows, **expressions)`: the rows with one column for each macro call, evaluated by DuckDB."""

    def evaluate(rows: pd.DataFrame, **expressions: str) -> pd.DataFrame:
        columns = ", ".join(f"{{{{ {call} }}}} as {name}" for name, call in expressions.items())
        inline = f"select *, {columns} from rows"
        (compiled,) = dbt("compile", "--inline", inline, "--output", "json", "--no-populate-cache")
        with duckdb.connect() as connection:
            connection.execute("attach ':memory:' as customer_scores; create schema customer_scores.main_history")
            connection.read_csv(STUDENT_T).create("customer_scores.main_history.student_t")
            connection.register("rows", rows)
            return connection.sql(compiled.node.compiled_code).df()

    return evaluate


def close(found: pd.Series, expected: list, tolerance: float = 1e-9) -> None:
    np.testing.assert_allclose(found.astype(float), np.array(expected, float), rtol=tolerance, atol=tolerance)


def test_nps_and_its_interval(evaluate):
    sizes = [0, 1, 2, 3, 4, 5, 10, 37, 1000]
    counts = [(p, d, n) for n in sizes for p, d in product(range(0, n + 1, max(1, n // 6)), repeat=2) if p + d <= n]
    rows = pd.DataFrame(counts, columns=["p", "d", "n"])
    found = evaluate(
        rows,
        nps="nps('p', 'd', 'n')",
        error="nps_standard_error('p', 'd', 'n')",
        low="nps_bound('p', 'd', 'n', '-')",
        high="nps_bound('p', 'd', 'n', '+')",
    )
    close(found["nps"], [surveys.nps(*row) for row in counts])
    close(found["error"], [100 * surveys.nps_standard_error(*row) if row[2] else np.nan for row in counts], 1e-7)
    intervals = [surveys.nps_interval(*row) for row in counts]
    close(found["low"], [low for low, _ in intervals])
    close(found["high"], [high for _, high in intervals])
    some = found[found["n"] > 0]
    assert ((some["low"] <= some["nps"]) & (some["nps"] <= some["high"])).all()
    assert some["low"].min() >= -100 and some["high"].max() <= 100


def test_wilson_and_newcombe(evaluate):
    shares = [
        (x, n) for n in (0, 1, 2, 5, 29, 1000, 3_000_000) for x in sorted({0, 1, n // 3, n - 1, n}) if 0 <= x <= n
    ]
    pairs = [(*now, *before) for now, before in product(shares, repeat=2) if now[1] and before[1]]
    found = evaluate(
        pd.DataFrame(shares, columns=["x", "n"]), low="wilson_bound('x', 'n', '-')", high="wilson_bound('x', 'n', '+')"
    )
    expected = [surveys.wilson_interval(x, n) for x, n in shares]
    close(found["low"], [low for low, _ in expected])
    close(found["high"], [high for _, high in expected])

    found = evaluate(
        pd.DataFrame(pairs, columns=["x", "n", "y", "m"]),
        low="newcombe_bound('x', 'n', 'y', 'm', '-')",
        high="newcombe_bound('x', 'n', 'y', 'm', '+')",
        z="z_of_shares('x', 'n', 'y', 'm')",
    )
    expected = [surveys.newcombe_interval(*pair) for pair in pairs]
    close(found["low"], [low for low, _ in expected], 1e-8)
    close(found["high"], [high for _, high in expected], 1e-8)
    for (x, n, y, m), z in zip(pairs, found["z"], strict=True):
        if x + y in (0, n + m):
            assert np.isnan(z)
        else:
            assert z == pytest.approx(proportions_ztest([x, y], [n, m])[0], rel=1e-9)


def test_student_t_and_the_normal_tail(evaluate):
    degrees = [*range(1, 305), 400, 1000, 10_000, 1_000_000]
    rows = pd.DataFrame({"df": degrees}).merge(
        pd.read_csv(STUDENT_T), how="left", left_on="df", right_on="degrees_of_freedom"
    )
    found = evaluate(rows, t="student_t_95('df', 't_95')")
    close(found["t"], stats.t.ppf(0.975, degrees), 1e-11)

    z = np.concatenate([np.linspace(-8, 8, 1601), [0.0, 7.0710678, 7.0710679, 20.0, 36.9, 37.1, 100.0]])
    found = evaluate(pd.DataFrame({"z": z}), p="two_sided_p('z')")
    np.testing.assert_allclose(found["p"], 2 * stats.norm.sf(abs(z)), rtol=1e-7, atol=1e-14)


def test_the_error_of_a_mean(evaluate):
    generator = np.random.default_rng(7)
    samples = [generator.integers(1, 8, size) for size in (1, 2, 3, 50, 4000)] + [np.full(9, 4)]
    rows = pd.DataFrame({"total": [s.sum() for s in samples], "squares": [(s**2).sum() for s in samples]})
    found = evaluate(rows.assign(n=[len(s) for s in samples]), error="mean_standard_error('total', 'squares', 'n')")
    close(found["error"], [stats.sem(s) if len(s) > 1 else np.nan for s in samples])


def test_the_t_interval_of_a_mean(evaluate):
    generator = np.random.default_rng(8)
    samples = [generator.integers(1, 8, size) for size in (0, 1, 2, 3, 50, 301, 302, 4000)] + [np.full(9, 4)]
    rows = pd.DataFrame({"total": [s.sum() for s in samples], "squares": [(s**2).sum() for s in samples]})
    found = evaluate(
        rows.assign(counted=[len(s) for s in samples]),
        low="t_bound('total', 'squares', 'counted', '-')",
        high="t_bound('total', 'squares', 'counted', '+')",
    )
    assert found[:2][["low", "high"]].isna().all(axis=None)
    intervals = [stats.t.interval(0.95, len(s) - 1, s.mean(), stats.sem(s)) for s in samples[2:-1]] + [(4, 4)]
    close(found["low"][2:], [low for low, _ in intervals])
    close(found["high"][2:], [high for _, high in intervals])


def test_the_examples_in_the_descriptions_are_right(evaluate):
    texts = "".join((REPOSITORY / "macros" / name).read_text() for name in DESCRIBED)
    examples = re.findall(r"(\w+)\(([-0-9., '+]+)\) = (-?[0-9]+(?:\.[0-9]+)?)", texts)
    calls = {f"e{i}": f"{name}({arguments})" for i, (name, arguments, _) in enumerate(examples)}
    found = evaluate(pd.DataFrame({"row": [1]}), **calls).iloc[0]
    assert len({name for name, _, _ in examples}) == 20
    for i, (name, arguments, expected) in enumerate(examples):
        places = len(expected.partition(".")[2])
        assert round(float(found[f"e{i}"]), places) == float(expected), f"{name}({arguments})"


def test_many_comparisons_are_adjusted_within_their_family(evaluate):
    generator = np.random.default_rng(11)
    rows = pd.DataFrame({"family": generator.integers(0, 6, 80), "p": generator.random(80) ** 3})
    rows.loc[:9, "p"] = 0.01  # ties
    groups = rows.groupby("family")["p"]
    rows["family_size"] = groups.transform("size")
    rows["family_rank"] = groups.rank(method="first").astype(int)
    found = evaluate(rows, adjusted="benjamini_hochberg('p', 'family')").sort_values(["family", "family_rank"])
    for _, family in found.groupby("family"):
        close(family["adjusted"], multipletests(family["p"], method="fdr_bh")[1])
        # Not even by the last digit may an adjusted p-value be the smaller one.
        assert (family["adjusted"] >= family["p"]).all()


def test_a_z_needs_an_error(evaluate):
    rows = pd.DataFrame({"a": [1.0, 1.0], "b": [2.0, 2.0], "s": [0.0, 3.0], "t": [0.0, 4.0]})
    found = evaluate(rows, z="z_of_means('a', 's', 'b', 't')")
    assert np.isnan(found["z"][0]) and found["z"][1] == pytest.approx(-0.2)
