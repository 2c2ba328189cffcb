"""Sources that stopped coming warn, then stop the build, at the limits of the seed freshness_limits."""

import re
from types import SimpleNamespace

import duckdb
import pytest
from dbt_builds import environment_of
from jinja2 import Environment
from real_data import REPOSITORY

TESTS = ("sources_are_fresh", "warn_of_sources_that_grow_stale", "freshness_limits_are_usable")
NOON = "2025-07-01 12:00:00"
# The newest row of each table: 26 hours before that noon, half an hour before it, and none at all.
RECONCILIATION = """
    ('events', timestamp '2025-06-30 10:00:00'),
    ('survey_answers', timestamp '2025-07-01 11:30:00'),
    ('customers', null)
"""


@pytest.fixture(scope="module")
def tests(new_dbt, tmp_path_factory) -> dict[str | None, dict]:
    """The tests as dbt compiles them, by name, for a build at NOON and for one that is not told the time."""
    folder = tmp_path_factory.mktemp("freshness")
    dbt = new_dbt()
    compiled = {}
    for time in (NOON, None):
        environment = environment_of(folder) | {"CUSTOMER_SCORES_BUILD_TIME": time or ""}
        nodes = dbt.run("compile", "--select", *TESTS, environment=environment)
        compiled[time] = {node.name: node for node in nodes}
    return compiled


@pytest.fixture
def problems(tests):
    """`problems(limits, time) -> what each of TESTS finds`: for the seed's rows, as SQL, and the time of the build."""

    def problems(limits: str, time: str | None = NOON) -> dict[str, list[str]]:
        with duckdb.connect() as connection:
            connection.execute("attach ':memory:' as work; attach ':memory:' as customer_scores; use work")
            connection.execute(f"""
                create table customer_scores.main.row_reconciliation as
                from (values {RECONCILIATION}) as rows (source_table, last_loaded_at);
                create table work.main.freshness_limits (
                    source_table varchar, warn_after_hours decimal(9, 2), fail_after_hours decimal(9, 2)
                );
                insert into work.main.freshness_limits values {limits};
            """)
            return {
                name: [problem for (problem,) in connection.execute(test.compiled_code).fetchall()]
                for name, test in tests[time].items()
            }

    return problems


def test_stale_sources_stop_a_build_and_those_that_grow_stale_do_not(tests):
    severities = {name: test.config.severity.lower() for name, test in tests[NOON].items()}
    assert severities == dict(zip(TESTS, ("error", "warn", "error"), strict=True))


def test_a_source_warns_at_one_limit_and_stops_the_build_at_another(problems):
    found = problems("('events', 24, 25.5), ('survey_answers', 0.4, 1), ('customers', null, null)")
    assert found["sources_are_fresh"] == [
        "events: its newest row was loaded at 2025-06-30 10:00:00 UTC, 26 hours before this build, and "
        "freshness_limits.csv allows 25.50 hours: deliver what is new, or change the limit."
    ]
    assert [problem.split(":")[0] for problem in found["warn_of_sources_that_grow_stale"]] == [
        "events",
        "survey_answers",
    ]
    assert found["freshness_limits_are_usable"] == []


def test_a_limit_reached_is_not_passed_and_none_is_any_age(problems):
    found = problems("('events', 26, 26), ('survey_answers', null, null), ('customers', null, null)")
    assert not any(found.values())


def test_a_table_that_tells_no_time_is_older_than_any_limit(problems):
    found = problems("('customers', null, 1000)")
    assert found["sources_are_fresh"] == [
        "customers: it has no row that tells when it was loaded, and freshness_limits.csv allows 1000.00 hours: "
        "deliver what is new, or change the limit."
    ]
    assert found["warn_of_sources_that_grow_stale"] == []


@pytest.mark.parametrize(
    ("time", "is_one"),
    [("2026-06-30 02:15:00", True), ("2026-12-31 23:59:59", True)]
    + [
        (f"2026-{text}", False)
        for text in ("13-45 02:15:00", "06-30 24:00:00", "06-30", "06-30 02:15:00\n", "06-30 2:1:0")
    ],
)
def test_a_time_of_the_build_is_one_of_the_calendar(time, is_one):
    def refuse(sentence: str) -> None:
        raise ValueError(sentence)

    known = {"execute": True, "env_var": lambda *_: time, "modules": SimpleNamespace(re=re), "return": str}
    known["exceptions"] = SimpleNamespace(raise_compiler_error=refuse)
    macros = Environment().from_string((REPOSITORY / "macros" / "build.sql").read_text(), globals=known).module
    if is_one:
        assert macros.build_time().strip() == f"cast('{time}' as timestamp)"
    else:
        with pytest.raises(ValueError, match="give a time in UTC as YYYY-MM-DD HH:MM:SS"):
            macros.build_time()


def test_a_build_that_is_not_told_the_time_judges_no_age(problems):
    assert not any(problems("('events', 1, 2)", time=None).values())


@pytest.mark.parametrize(
    "limit",
    ["('answers', 1, 2)", "('events', 2, 1)", "('events', 0, 1)", "('events', null, -1)", "(null, null, null)"]
    + ["('events', 1, 2), ('events', 1, 3)"],
)
def test_limits_that_cannot_be_meant_are_refused(problems, limit):
    found = problems(limit)["freshness_limits_are_usable"]
    assert found and all("give one line for events, survey_answers or customers" in problem for problem in found)
