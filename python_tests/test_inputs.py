"""What a company may deliver, case by case: `bad_inputs.py` is the table, docs/bad-inputs.md says it to people."""

import json
import os
import re
import shutil
from collections import Counter
from functools import partial
from pathlib import Path

import bad_inputs
import duckdb
import pytest
import yaml
from bad_inputs import ACCEPTED, CASES, TYPICAL, Again, Lines, Rows, Stop, Typed, cases
from conftest import BuildResult
from dbt.cli.main import dbtRunner
from dbt_builds import PROCESSES, Dbt, environment_of
from oracle import compute
from real_data import REPOSITORY
from test_oracle import compare, published

from ops.build import PROJECT
from ops.explain import failing_rows, failures, read_results
from ops.mend import mend
from ops.run_dbt import DbtRun

TABLES = list(TYPICAL)
JUDGED = {
    "events": "int_events_set_aside",
    "survey_answers": "stg_survey_answers",
    "customers": "stg_customers",
}


def named(kind: type) -> dict:
    """Parametrizes a test by the cases of a kind."""
    return {"argvalues": cases(kind), "ids": [case.name for case in cases(kind)]}


def verdicts(work: Path) -> dict[tuple[str, int], str]:
    """What became of each row that is not accepted, as the table of cases says it: (raw table, position) -> verdict."""
    with duckdb.connect(str(work), read_only=True) as connection:
        rejected = connection.sql("select source_table, row_number, 'rejected: ' || reasons from rejected_rows")
        found = {(table, position): verdict for table, position, verdict in rejected.fetchall()}
        for table, model in JUDGED.items():
            copies = connection.sql(f"select row_number from {model} where verdict = 'duplicate'").fetchall()
            found |= {(table, position): "duplicate" for (position,) in copies}
    return found


def show(result: BuildResult, query: str) -> list[tuple]:
    """What a query on both databases gives; days and times as texts, numbers as numbers."""
    with duckdb.connect(str(result.work), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            f"attach '{str(result.marts.resolve()).replace(chr(39), chr(39) * 2)}' as customer_scores (read_only)"
        )
        connection.execute("set search_path = 'work.main,customer_scores.main,customer_scores.main_history'")
        return [tuple(map(plain, row)) for row in connection.sql(query).fetchall()]


def plain(value: object) -> object:
    """A day or a time as text."""
    return str(value) if hasattr(value, "isoformat") else value


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a space and a quote in its name."""
    folder = tmp_path_factory.mktemp("inputs") / "Ana's raw data"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def delivered(folder) -> tuple[Path, dict]:
    """A raw folder of all cases of rows, as CSV, and which case each row is of."""
    return folder / "raw", bad_inputs.deliver(folder / "raw", "csv")


@pytest.fixture(scope="module")
def built(build, folder, delivered) -> BuildResult:
    """All cases of rows, built."""
    result = build(delivered[0], folder / "warehouse")
    assert result.returncode == 0, result.output
    return result


@pytest.fixture(scope="module")
def built_again(build, folder, delivered, built) -> BuildResult:
    """The next build, with all that is different then."""
    raw = shutil.copytree(delivered[0], folder / "raw again")
    for case in cases(Again):
        case.change(raw)
    warehouse = shutil.copytree(built.warehouse, folder / "warehouse again", symlinks=True)
    result = build(raw, warehouse)
    assert result.returncode == 0, result.output
    return result


@pytest.fixture(scope="module")
def stopped(build, folder, built) -> tuple[BuildResult, BuildResult]:
    """A build of everything that tests of the data find, and what had been published before."""
    raw = spoiled(folder / "raw spoiled", *(case for case in cases(Stop) if case.found == "build"))
    warehouse = shutil.copytree(built.warehouse, folder / "warehouse stopped", symlinks=True)
    return build(raw, warehouse), built


@pytest.fixture(scope="module")
def project(new_dbt) -> Dbt:
    """The project, parsed."""
    return new_dbt()


def spoiled(raw: Path, *faults: Stop) -> Path:
    """A small raw folder with those faults."""
    bad_inputs.deliver_little(raw)
    for case in faults:
        case.spoil(raw)
    return raw


def judged(project: Dbt, folder: Path, raw: Path) -> Path:
    """The work database of a raw folder, in which all rows are judged and nothing else is made."""
    folder.mkdir()
    mend(raw, folder / "mended")
    environment = {"CUSTOMER_SCORES_RAW": str(raw), "CUSTOMER_SCORES_MENDED": str(folder / "mended")}
    models = ["--select", "+rejected_rows", "--exclude-resource-type", "test"]
    project.run("build", *models, environment=environment_of(folder) | environment)
    return folder / "work.duckdb"


@pytest.mark.parametrize("case", **named(Rows))
def test_rows_are_judged_and_shown_as_the_table_says(case, delivered, built):
    found = verdicts(built.work)
    of_case = {row: place for place, (other, row) in delivered[1].items() if other is case}
    assert [found.get(of_case[row], ACCEPTED) for row in range(len(case.rows))] == list(case.verdicts)
    for query, rows in case.shows:
        assert show(built, query) == rows
    for words in case.words:
        assert words in built.output


def test_no_row_is_lost_and_rejected_ones_are_kept_whole(delivered, built):
    counts = Counter((table, case.verdicts[row].split(":")[0]) for (table, _), (case, row) in delivered[1].items())
    wanted = [
        (table, *(counts[table, word] for word in (ACCEPTED, "duplicate", "rejected"))) for table in sorted(TABLES)
    ]
    parts = "select source_table, accepted, duplicates, rejected, raw_rows - accepted - duplicates - rejected"
    assert show(built, f"{parts} from row_reconciliation order by 1") == [(*row, 0) for row in wanted]
    kept = show(
        built, "select source_table, row_number, reason = split_part(reasons, ',', 1), raw_row from rejected_rows"
    )
    for table, position, is_first, raw_row in kept:
        case, row = delivered[1][table, position]
        assert is_first
        content = {name: value for name, value in json.loads(raw_row).items() if value is not None}
        given = {name: value for name, value in case.delivered()[row].items() if value}
        assert {name: value for name, value in content.items() if value} == {**given, bad_inputs.SURPLUS: "crm"}


def test_published_tables_are_what_the_oracle_computes(delivered, built):
    for name, table in compute(delivered[0]).items():
        compare(name, published(built, name), table)


def test_what_people_wrote_is_in_no_published_table(built):
    texts = [*bad_inputs.COMMENTS[-3:], "Old Ltd", "New Ltd"]
    with duckdb.connect(str(built.marts), read_only=True) as connection:
        tables = connection.sql("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        assert len(tables) > 50
        for (table,) in tables:
            holds = " or ".join(["contains(cast(delivered as varchar), ?)"] * len(texts))
            query = f"select 1 from {table} as delivered where {holds}"
            assert connection.execute(query, texts).fetchall() == [], table


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_rows_are_judged_alike_in_every_format(form, folder, project):
    places = bad_inputs.deliver(folder / form, form)
    found = verdicts(judged(project, folder / f"{form} judged", folder / form))
    wanted = {place: case.verdicts[row] for place, (case, row) in places.items() if case.verdicts[row] != ACCEPTED}
    assert found == wanted


@pytest.mark.parametrize("kind", [Typed, Lines])
def test_typed_rows_and_broken_lines_are_judged_as_the_table_says(kind, folder, project):
    raw = folder / kind.__name__
    raw.mkdir()
    if kind is Typed:
        typical = {"occurred_at": "timestamp '2024-03-10 10:00:00'", "amount": "null::double"}
        rows = [typical | row for case in cases(Typed) for row in case.rows]
        events = [
            f"select 'e{n}' as event_id, 1 as customer_id, 'login' as event_type, "
            + ", ".join(f"{value} as {name}" for name, value in row.items())
            for n, row in enumerate(rows)
        ]
        duckdb.sql(" union all ".join(events)).write_parquet(str(raw / "events.parquet"))
    else:
        text = "\n".join(line for case in cases(Lines) for line in case.lines)
        sound = '{"event_id": "e1", "customer_id": "c1", "event_type": "x", "occurred_at": "2024-03-10"}'
        (raw / "events.jsonl").write_text(f"{text}\n{sound}\n")
    work = judged(project, folder / f"{kind.__name__} judged", raw)
    wanted = enumerate((verdict for case in cases(kind) for verdict in case.verdicts), 1)
    assert verdicts(work) == {("events", n): verdict for n, verdict in wanted if verdict != ACCEPTED}
    if kind is Lines:
        with duckdb.connect(str(work), read_only=True) as connection:
            kept = connection.sql("select raw_row from rejected_rows order by row_number").fetchall()
        assert [json.loads(line) for (line,) in kept] == [
            json.loads(line) if line.startswith("[") else line for case in cases(Lines) for line in case.lines
        ]


@pytest.mark.parametrize("case", **named(Again))
def test_the_next_build_judges_anew(case, built, built_again):
    assert show(built, case.query) == case.before
    assert show(built_again, case.query) == case.after


def test_fewer_rows_than_before_bring_a_warning(built, built_again):
    assert "published build: is that what was meant?" not in built.output
    assert re.search(r"customers has \d+ rows, and had \d+ in the published build: is that", built_again.output)


@pytest.mark.parametrize("case", [case for case in cases(Stop) if case.found == "settings"], ids=lambda case: case.name)
def test_what_is_wrong_before_dbt_starts_stops_the_build(build, case, tmp_path):
    result = build(spoiled(tmp_path / "raw", case), tmp_path / "warehouse")
    assert result.returncode == 1
    assert_told(case, result.output)
    assert "Nothing was published" in result.output


@pytest.fixture(scope="module")
def starts(project, folder) -> dict[str, str]:
    """What a build would say of each case that dbt finds when it starts: name -> text."""
    faults = [case for case in cases(Stop) if case.found in ("start", "var", "alone")]
    calls = []
    for number, case in enumerate(faults):
        place = folder / f"start {number}"
        place.mkdir()
        raw = spoiled(place / "raw", case)
        own = yaml.safe_load((raw / "settings" / "vars.yml").read_text())
        command = {
            "start": ["seed", "--select", "survey_triggers"],
            "var": ["run-operation", case.macro],
            "alone": ["build", "--select", "+something_is_accepted"],
        }[case.found]
        arguments = [*command, "--vars", json.dumps(own, default=str), *project.paths]
        arguments += ["--write-json", "--target-path", str(place / "target")]
        calls.append((arguments, {**environment_of(place), "CUSTOMER_SCORES_RAW": str(raw)}))
    with PROCESSES.Pool(1) as process:
        errors = process.apply(errors_of, (project.manifest, calls))
    said = {}
    for number, (case, found) in enumerate(zip(faults, errors, strict=True)):
        place = folder / f"start {number}"
        rows_of = partial(failing_rows, place / "work.duckdb", place / "marts.duckdb")
        problems = failures(read_results(place / "target"), DbtRun(1, found), PROJECT, rows_of)
        said[case.name] = "\n".join(map(str, problems))
    return said


def errors_of(manifest: object, calls: list[tuple[list[str], dict]]) -> list[list[str]]:
    """Runs dbt for each of the calls (arguments, environment) in this process: the errors outside of any node."""
    found = []
    for arguments, environment in calls:
        os.environ.update(environment)
        errors = []

        def note(event: object, errors: list[str] = errors) -> None:
            if event.info.name in ("MainEncounteredError", "RunningOperationCaughtError"):
                errors.append(event.data.exc)

        done = dbtRunner(manifest=manifest, callbacks=[note]).invoke(["--quiet", *arguments])
        assert not done.success, arguments
        found.append(errors)
    return found


@pytest.mark.parametrize(
    "case", [case for case in cases(Stop) if case.found in ("start", "var", "alone")], ids=lambda case: case.name
)
def test_what_dbt_finds_when_it_starts_stops_the_build(case, starts):
    assert_told(case, starts[case.name])


@pytest.mark.parametrize("case", [case for case in cases(Stop) if case.found == "build"], ids=lambda case: case.name)
def test_what_tests_of_the_data_find_stops_the_build_and_the_former_marts_stay(case, stopped):
    result, before = stopped
    assert result.returncode == 1
    assert_told(case, result.output)
    assert "Nothing was published" in result.output and "is still the build of" in result.output
    assert result.marts.resolve().parent.name == before.marts.resolve().parent.name
    with duckdb.connect(str(result.marts), read_only=True) as connection:
        customers = show(before, "select count(*) from dim_customers")
        assert connection.sql("select count(*) from dim_customers").fetchall() == customers


def assert_told(case: Stop, output: str) -> None:
    """All words of a case are in the output, and nothing that is for programmers."""
    missing = [words for words in case.words if words not in output]
    assert not missing, f"{missing} not in:\n{output}"
    assert "Traceback" not in output and "> in macro" not in output


def test_the_page_of_bad_inputs_is_what_the_table_says():
    page = (REPOSITORY / "docs" / "bad-inputs.md").read_text()
    assert page == bad_inputs.document(), "Write it anew: python python_tests/bad_inputs.py > docs/bad-inputs.md"


def test_every_case_is_told_once_and_names_a_test():
    assert [name for name, times in Counter((case.section, case.name) for case in CASES).items() if times > 1] == []
    for case in CASES:
        file, name = case.test.split("::")
        assert f"\ndef {name}(" in (REPOSITORY / "python_tests" / file).read_text(), case.name
        assert case.verdict in bad_inputs.VERDICTS and case.says and (case.words or not isinstance(case, Stop))
