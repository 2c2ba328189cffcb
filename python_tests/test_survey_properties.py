"""What holds for the survey scores of any company, and that nobody can undo the suppression of small cells."""

import datetime as dt
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from oracle import OracleError, compute_surveys
from sql_builds import Project, Warehouse, compile_project
from survey_cases import SETTINGS, Answer, Company, Version, answer, companies, write_company
from test_oracle import compare

SELECTED = ["--resource-type", "model", "--resource-type", "seed", "--select", "+survey_scores"]
SEGMENT = ["metric", "segment_dimension", "segment_value"]
CELL = [*SEGMENT, "period_grain", "period_start"]
COUNTS = ["asked", "answered", "counted"]
CLASSES = ["positives", "neutrals", "negatives"]
# The same companies in each run.
RANDOM = settings(
    max_examples=30,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="session")
def project(new_dbt, tmp_path_factory) -> Project:
    """The models of the survey scores, compiled."""
    folder = tmp_path_factory.mktemp("survey_project")
    write_company(Company(0, (answer(0, 0, 0, "nps", 0, 0, 0, 9),), ()), folder / "raw")
    return compile_project(new_dbt(), folder, folder / "raw", SELECTED, SETTINGS)


def published(project: Project, company: Company, raw_folder: Path) -> pd.DataFrame:
    """The table `survey_scores` by the project's SQL."""
    with Warehouse(project) as warehouse:
        warehouse.build(company, raw_folder)
        return warehouse.connection.sql("select * from customer_scores.main.survey_scores").df()


def shuffled(company: Company) -> Company:
    """The company with its rows in another order."""
    answers, versions = list(company.answers), list(company.versions)
    Random(0).shuffle(answers)
    return replace(company, answers=tuple(answers), versions=tuple(versions[::-1]))


def assert_sound(scores: pd.DataFrame) -> None:
    """Classes add up to what is counted, scores lie within their intervals and limits, segments add up to all."""
    shown = scores[~scores["is_suppressed"]]
    assert (shown[CLASSES].sum(axis=1) == shown["counted"]).all()
    assert (
        scores.loc[scores["is_suppressed"], [*CLASSES, "mean_score", "score", "ci_low", "score_change"]]
        .isna()
        .all(axis=None)
    )
    assert (shown["score"].notna() == (shown["counted"] > 0)).all()
    assert scores.loc[scores["metric"] == "nps", "score"].dropna().between(-100, 100).all()
    with_interval = shown[shown["ci_low"].notna()]
    # An end and the score may be one number, computed in two ways.
    assert (with_interval["ci_low"] <= with_interval["score"] + 1e-9).all()
    assert (with_interval["ci_high"] >= with_interval["score"] - 1e-9).all()
    assert (scores["counted"] <= scores["answered"]).all()
    period = ["metric", "period_grain", "period_start"]
    totals = scores[scores["segment_dimension"] == "all"].set_index(period)[COUNTS]
    for _, split in scores[scores["segment_dimension"] != "all"].groupby("segment_dimension"):
        sums = split.groupby(period)[COUNTS].sum()
        np.testing.assert_array_equal(sums, totals.loc[sums.index])


# The attack: what a reader of the published rows alone can find out about those that are suppressed.


def known_sums(scores: pd.DataFrame) -> Iterator[tuple[int, list[int]]]:
    """A whole and its parts (labels of rows), for each sum that D31 names."""
    splits, series = defaultdict(lambda: defaultdict(list)), defaultdict(lambda: defaultdict(list))
    ever = scores[scores["period_grain"] == "all"]
    # Outside of the data there is nothing: a month that has only begun ends today.
    scores = scores.assign(
        period_start=scores["period_start"].clip(lower=ever["period_start"].min()),
        period_end=scores["period_end"].clip(upper=ever["period_end"].max()),
    )
    for row in scores[scores["counted"] > 0].itertuples():
        splits[row.metric, row.period_grain, row.period_start][row.segment_dimension].append(row)
        series[row.metric, row.segment_dimension, row.segment_value][row.period_grain].append(row)

    def sum_of(whole: tuple, parts: list[tuple]) -> Iterator[tuple[int, list[int]]]:
        if parts and sum(part.counted for part in parts) == whole.counted:
            yield whole.Index, [part.Index for part in parts]

    for split in splits.values():
        (everybody,) = split.pop("all")
        for parts in split.values():
            yield from sum_of(everybody, parts)
    for own in series.values():
        for whole in own["quarter"] + own["moving_90_days"]:
            yield from sum_of(whole, [month for month in own["month"] if is_within(month, whole)])
        for whole in own["all"]:
            yield from sum_of(whole, own["quarter"])
        for window in own["moving_90_days"]:
            for whole in [*own["all"], *(quarter for quarter in own["quarter"] if is_within(window, quarter))]:
                yield from sum_of(whole, [window])


def is_within(period: tuple, whole: tuple) -> bool:
    """Whether all days of a row's period are days of the other's."""
    return whole.period_start <= period.period_start and period.period_end <= whole.period_end


def equations(scores: pd.DataFrame) -> list[dict[int, Fraction]]:
    """The sums as equations of what is suppressed: coefficients by row; what is on their right the reader knows."""
    hidden = set(scores.index[scores["is_suppressed"]])
    found = [
        {cell: Fraction(sign) for cell, sign in [(whole, 1), *((part, -1) for part in parts)] if cell in hidden}
        for whole, parts in known_sums(scores)
    ]
    return [equation for equation in found if equation]


def had_by_subtraction(found: list[dict[int, Fraction]]) -> set[int]:
    """What follows from one sum after the other."""
    known = set()
    while True:
        new = {cell for one in found if len(left := set(one) - known) == 1 for cell in left}
        if not new:
            return known
        known |= new


def had_by_elimination(found: list[dict[int, Fraction]]) -> set[int]:
    """What follows from all sums together: rows of the reduced echelon form with one unknown.

    Each class of answers obeys the same equations, and that classes add up to what is counted tells nothing more.
    """
    solved: dict[int, dict[int, Fraction]] = {}

    def less(row: dict[int, Fraction], pivot: int) -> dict[int, Fraction]:
        factor, other = row[pivot], solved[pivot]
        terms = {cell: row.get(cell, 0) - factor * other.get(cell, 0) for cell in {*row, *other}}
        return {cell: value for cell, value in terms.items() if value}

    for row in found:
        for pivot in [cell for cell in row if cell in solved]:
            row = less(row, pivot)
        if row:
            pivot, value = next(iter(row.items()))
            solved[pivot] = {cell: one / value for cell, one in row.items()}
            for other in [cell for cell, one in solved.items() if pivot in one and cell != pivot]:
                solved[other] = less(solved[other], pivot)
    return {pivot for pivot, row in solved.items() if len(row) == 1}


def assert_hidden(scores: pd.DataFrame, min_answers: int) -> None:
    """What is too small is suppressed, and cannot be had by subtraction."""
    is_small = scores["counted"].between(1, min_answers - 1)
    assert scores.loc[is_small, "is_suppressed"].all() and (scores.loc[scores["is_suppressed"], "counted"] > 0).all()
    had = had_by_subtraction(equations(scores.reset_index(drop=True)))
    assert not had, scores.reset_index(drop=True).loc[sorted(had), [*CELL, *COUNTS]].to_string()


def assert_holds(project: Project, company: Company, in_any_order: bool = True) -> pd.DataFrame:
    """All properties of one company; returns its scores. That the order of rows does not matter takes another build."""
    with tempfile.TemporaryDirectory() as folder:
        raw_folder = Path(folder) / "raw"
        write_company(company, raw_folder)
        scores = published(project, company, raw_folder)
        if in_any_order:
            write_company(shuffled(company), Path(folder) / "shuffled")
            assert_same(scores, published(project, company, Path(folder) / "shuffled"))
        try:
            expected = compute_surveys(raw_folder, company.seeds, company.vars)["survey_scores"]
        except OracleError:
            # There is no day to score.
            assert scores.empty
            return scores
    compare("survey_scores", scores, expected)
    assert_sound(scores)
    assert_hidden(scores, company.vars["min_answers"])
    return scores


def assert_same(scores: pd.DataFrame, again: pd.DataFrame) -> None:
    """Two builds published the same rows, in any order."""
    first, second = (table.drop(columns="build_id").sort_values(CELL, ignore_index=True) for table in (scores, again))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


@seed(4)
@RANDOM
@given(company=companies(), in_any_order=st.sampled_from([False, False, True]))
def test_random_companies(project, company, in_any_order):
    assert_holds(project, company, in_any_order)


def asked(*scores: int | None, question: str = "nps") -> Company:
    """A company that put one question to one person after the other, one a day."""
    moment = dt.datetime(2026, 3, 2, 9)
    days = [moment + dt.timedelta(number) for number in range(len(scores))]
    rows = [
        Answer(f"a{day:%d}", "c", f"u{day:%d}", question, day, None if score is None else day, score)
        for day, score in zip(days, scores, strict=True)
    ]
    return Company(0, tuple(rows), ())


def facts(scores: pd.DataFrame, grain: str = "all") -> dict:
    """The row of everybody, nulls as None."""
    row = scores[(scores["segment_dimension"] == "all") & (scores["period_grain"] == grain)].iloc[0]
    return {name: None if pd.isna(value) else value for name, value in row.items()}


def test_zero_respondents_have_rows_without_a_score(project):
    scores = assert_holds(project, asked(*[None] * 6))
    assert len(scores) == 9  # month, quarter, all time, of everybody and of two dimensions; no window is full
    row = facts(scores)
    assert (row["asked"], row["answered"], row["counted"], row["positives"]) == (6, 0, 0, 0)
    assert (row["score"], row["ci_low"], row["mean_score"], row["band"]) == (None, None, None, None)
    assert not row["is_suppressed"]


def test_one_respondent_is_suppressed(project):
    row = facts(assert_holds(project, asked(9, None)))
    assert (row["asked"], row["answered"], row["counted"]) == (2, 1, 1)
    assert (row["positives"], row["score"], row["ci_high"], row["is_suppressed"]) == (None, None, None, True)


def test_all_the_same_answer_has_an_interval_where_its_formula_gives_one(project):
    row = facts(assert_holds(project, asked(*[10] * 8)))
    assert (row["score"], row["ci_high"]) == (100, 100) and 0 < row["ci_low"] < 100
    row = facts(assert_holds(project, asked(*[7] * 8, question="effort")))
    assert (row["score"], row["ci_low"], row["ci_high"]) == (7, 7, 7)
    row = facts(assert_holds(project, asked(*[1] * 8, question="csat")))
    assert row["score"] == 0 and row["ci_low"] == pytest.approx(0, abs=1e-9) and row["ci_high"] > 0
    assert (row["benchmark_low"], row["benchmark_high"], row["distance_from_benchmark"]) == (75, 85, -75)


def test_answers_out_of_range_are_rejected_and_score_nothing(project):
    company = asked(*[11] * 5, -1, 99)
    assert assert_holds(project, company).empty
    listed = replace(company, versions=(Version("c", dt.datetime(2026, 1, 1), "free", None),))
    assert assert_holds(project, listed).empty


def test_the_attack_finds_what_is_hidden_badly():
    period = {"metric": "nps", "period_grain": "month", "period_start": pd.Timestamp("2026-01-01")}
    period |= {"period_end": pd.Timestamp("2026-01-31")}
    scores = pd.DataFrame(
        [
            {**period, "segment_dimension": dimension, "segment_value": value, "counted": n, "is_suppressed": hidden}
            for dimension, value, n, hidden in [
                ("all", "all", 20, False),
                ("plan", "free", 3, True),
                ("plan", "pro", 17, False),
                ("region", "east", 4, True),
                ("region", "west", 6, True),
                ("region", "south", 10, False),
            ]
        ]
    )
    assert had_by_subtraction(equations(scores)) == {1}
    assert had_by_elimination(equations(scores)) == {1}
    # x + y, y + z and x + z tell all three; u - v tells neither.
    one = Fraction(1)
    pairs = [{1: one, 2: one}, {2: one, 3: one}, {1: one, 3: one}, {4: one, 5: -one}]
    assert had_by_subtraction(pairs) == set()
    assert had_by_elimination(pairs) == {1, 2, 3}
    assert had_by_elimination(pairs[:2]) == had_by_elimination(pairs[3:]) == set()
