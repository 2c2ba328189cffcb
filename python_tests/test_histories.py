"""Over random histories of loads an incremental build is what a full one is, and both are what the oracle computes."""

import datetime as dt
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from dbt_builds import Dbt, Files
from histories import FIRST_DAY, History, histories, write_raw
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy
from mixed_histories import Mixed, mixed_histories, write_mixed, write_sound
from oracle import OracleError, compute_engagement
from sql_builds import Project, Warehouse
from test_oracle import compare

# 200 histories by SQL and 25 by dbt, in parts that run beside each other.
SQL_SEEDS, DBT_SEEDS = range(4), range(4, 9)
# 24 histories into which bad rows are mixed.
MIXED_SEEDS = range(9, 11)
# Kept by load date, and read by no table of engagement.
KEPT = [
    f"work.main.{model}"
    for model in ("int_contacts", "int_survey_interactions", "int_awareness_events", "int_visit_fragments")
]
# More days than any history has, on both sides.
CALENDAR = [FIRST_DAY + dt.timedelta(days) for days in range(-30, 100)]


def over(number: int, first_seed: int, drawn: SearchStrategy, hold: Callable[[History | Mixed], None]) -> None:
    """Raises AssertionError, with the smallest history found, unless `hold` holds for a number of those drawn.

    They are the same in each run, and others with another seed.
    """
    once = settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )

    def of(history: History | Mixed) -> None:
        hold(history)

    seed(first_seed)(once(given(history=drawn)(of)))()


def published(marts: duckdb.DuckDBPyConnection) -> set[str]:
    """The names of all published tables."""
    names = """
        select table_name from information_schema.tables
        where (table_catalog, table_schema) = ('customer_scores', 'main')
    """
    return {name for (name,) in marts.execute(names).fetchall()}


def read(marts: duckdb.DuckDBPyConnection, table: str) -> pd.DataFrame:
    """A published table."""
    return marts.execute(f"select * from customer_scores.main.{table}").df()


def assert_same_rows(
    found: duckdb.DuckDBPyConnection,
    expected: duckdb.DuckDBPyConnection,
    others: Sequence[str] = (),
    but: Sequence[str] = (),
) -> None:
    """All published tables have the same rows in both, in any order, and so have the `others` with their full names.

    Builds differ in their name alone, and in the published tables `but`.
    """
    of_builds = [f"customer_scores.main.{table}" for table in sorted(published(expected) - set(but))]
    columns = {**dict.fromkeys(of_builds, "* exclude (build_id)"), **dict.fromkeys(others, "*")}
    for table, selected in columns.items():
        rows, wanted = (
            Counter(marts.execute(f"select {selected} from {table}").fetchall()) for marts in (found, expected)
        )
        assert rows == wanted, (
            f"{table}: {list((rows - wanted).elements())[:5]} in the incremental build, "
            f"{list((wanted - rows).elements())[:5]} in the full one"
        )


def assert_as_the_oracle(marts: duckdb.DuckDBPyConnection, history: History, raw_folder: Path) -> None:
    """All published tables are what the oracle computes, and so is what was known of a day on another."""
    state = history.states[-1]
    try:
        known = (history.known_on, history.on_date)
        expected = compute_engagement(raw_folder, state.seeds, state.vars, CALENDAR, known)
    except OracleError:
        # There is nothing to score.
        assert read(marts, "fct_engagement_scores").empty
        return
    for table in sorted(published(marts)):
        compare(table, read(marts, table), expected[table])
    found = read(marts, f"engagement_as_known(date '{history.known_on}', date '{history.on_date}')")
    compare("engagement_as_known", found, expected["engagement_as_known"])


def build_states(history: History, company: Warehouse | Files, folder: Path) -> Path:
    """Builds the states one after the other, from raw folders within `folder`; returns that of the last one."""
    for number, state in enumerate(history.states):
        raw_folder = folder / str(number)
        write_raw(state, raw_folder)
        company.build(state, raw_folder)
    return raw_folder


def hold_by_sql(project: Project, history: History) -> None:
    """Builds a history by the project's SQL, and its last state from nothing."""
    with tempfile.TemporaryDirectory() as folder, Warehouse(project) as incremental, Warehouse(project) as full:
        raw_folder = build_states(history, incremental, Path(folder))
        full.build(history.states[-1], raw_folder)
        assert_same_rows(incremental.connection, full.connection, KEPT)
        assert_as_the_oracle(full.connection, history, raw_folder)


def hold_by_dbt(dbt: Dbt, project: Project, history: History) -> None:
    """Builds a history by dbt, and its last state from nothing by the SQL that dbt compiles for that."""
    with tempfile.TemporaryDirectory() as folder, Warehouse(project) as full:
        incremental = Files(dbt, Path(folder) / "incremental")
        incremental.folder.mkdir()
        raw_folder = build_states(history, incremental, Path(folder))
        full.build(history.states[-1], raw_folder)
        with incremental.open() as found:
            assert_same_rows(found, full.connection)
            assert_as_the_oracle(found, history, raw_folder)


def conserved(company: Warehouse) -> dict[str, int]:
    """How many rows of each raw table were accepted. Raises AssertionError where a row was lost."""
    counts = "source_table, raw_rows, accepted, duplicates, rejected"
    counts = f"select {counts} from customer_scores.main.row_reconciliation"
    accepted = {}
    for table, raw_rows, *verdicts in company.connection.execute(counts).fetchall():
        (delivered,) = company.connection.execute(f"select count(*) from work.raw.{table}").fetchone()
        assert delivered == raw_rows == sum(verdicts), table
        accepted[table] = verdicts[0]
    return accepted


def hold_mixed(project: Project, mixed: Mixed) -> None:
    """Builds a history with rows that must not count, and without them: what is scored and published is the same."""
    with tempfile.TemporaryDirectory() as folder, Warehouse(project) as found, Warehouse(project) as expected:
        for number, (state, extras) in enumerate(zip(mixed.history.states, mixed.extras, strict=True)):
            raw_folder = Path(folder) / str(number)
            write_mixed(state, extras, raw_folder)
            found.build(state, raw_folder)
            if state.kill is None:
                accepted = conserved(found)
        write_sound(mixed.history.states[-1], Path(folder) / "sound")
        expected.build(mixed.history.states[-1], Path(folder) / "sound")
        assert accepted == conserved(expected)
        assert_same_rows(found.connection, expected.connection, KEPT, but=["row_reconciliation"])
        for table in ("stg_survey_answers", "stg_customers"):
            accepted = f"select * exclude (row_number) from work.main.{table} where verdict = 'accepted'"
            rows, wanted = (Counter(one.connection.execute(accepted).fetchall()) for one in (found, expected))
            assert rows == wanted, table


@pytest.mark.parametrize("first_seed", SQL_SEEDS)
def test_builds_by_the_projects_sql_are_the_same_incremental_full_and_by_the_oracle(engagement_project, first_seed):
    # What goes wrong does so from one state to the next.
    over(50, first_seed, histories(2), partial(hold_by_sql, engagement_project))


@pytest.mark.parametrize("first_seed", DBT_SEEDS)
def test_builds_by_dbt_are_the_same_incremental_full_and_by_the_oracle(new_dbt, engagement_project, first_seed):
    over(5, first_seed, histories(2), partial(hold_by_dbt, new_dbt(), engagement_project))


@pytest.mark.parametrize("first_seed", MIXED_SEEDS)
def test_rows_that_must_not_count_change_nothing_that_is_published(engagement_project, first_seed):
    over(12, first_seed, mixed_histories(2), partial(hold_mixed, engagement_project))
