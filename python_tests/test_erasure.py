"""Who was erased is in no file of the warehouse, and stays so though the raw folder has the rows; counts stay whole."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import BuildResult, run_build
from oracle import compute
from real_data import REPOSITORY
from test_oracle import compare, published
from test_publish import publish

from ops import build as ops_build
from ops import erase as ops_erase
from ops import journal
from ops.erasures import Erasures
from ops.journal import Entry
from ops.messages import BuildError
from ops.publish import Warehouse
from ops.rollback import roll_back

# Made up for these tests, and no text that a hash or a path could hold.
TOKEN = "Qzxwvy"
CUSTOMER = f"Zoé {TOKEN} & Co"
PERSON = f"anna.{TOKEN}@example.invalid"
# As files have it: another Unicode form, and space around it.
DELIVERED = f"  Zoe\u0301 {TOKEN} & Co"
EVENTS = "event_id,customer_id,event_type,occurred_at,loaded_at,user_id,properties,amount\n"
ANSWERS = "answer_id,customer_id,question,sent_at,answered_at,score,respondent_id,comment\n"
CUSTOMERS = "customer_id,updated_at,customer_name,plan\n"
# A secret of the caller that no file may hold.
SECRETS = {name: f"secret{TOKEN}" for name in ("API_TOKEN", "DBT_ENV_CUSTOM_ENV_TOKEN", "DBT_ENV_SECRET_TOKEN")}


def days(name: str, customer: str, user: str, first: int, last: int) -> str:
    """Rows of events, one a day."""
    return "".join(
        f"{name}{day},{customer},login,2026-01-{day:02} 10:00,2026-01-{day:02} 12:00,{user},,\n"
        for day in range(first, last + 1)
    )


def write_raw(folder: Path, erased: bool) -> Path:
    """A raw folder of three customers, with or without the rows of whom the tests erase."""
    (folder / "settings").mkdir(parents=True)
    (folder / "settings" / "vars.yml").write_text(
        "max_rejected_share: 1\npython_models: false\nas_of_date: 2026-01-31\n"
    )
    theirs = (
        days("a", DELIVERED, "u1", 1, 20)
        + days("b", "c1", PERSON, 3, 9)
        + days("e", f"gone {TOKEN}", "", 2, 4)
        + f"a21,{CUSTOMER},purchase,2026-01-21,2026-01-21,{TOKEN},{TOKEN}-properties,ten\n"
        + f"a1,{CUSTOMER},login,2026-01-01,2026-01-02,u1,{TOKEN} other content,\n"
    )
    others = days("c", "c1", "u1", 1, 28) + days("d", "c2", "", 5, 15)
    (folder / "events_1.csv").write_text(EVENTS + (theirs if erased else "") + others)
    theirs = (
        f"p1,{CUSTOMER},csat,2026-01-05,2026-01-06,1,u1,{TOKEN} too slow\n"
        f"p2,c1,nps,2026-01-05,2026-01-06,9,{PERSON},{TOKEN} fine\n"
        f"p3,{CUSTOMER},nps,2026-01-05,2026-01-06,eleven,{TOKEN},{TOKEN} no number\n"
    )
    others = "p4,c1,nps,2026-01-05,2026-01-06,3,u1,others stay\np5,c2,csat,2026-01-07,2026-01-08,5,,\n"
    (folder / "survey_answers.csv").write_text(ANSWERS + (theirs if erased else "") + others)
    theirs = f"{CUSTOMER},2026-01-01,{TOKEN} Limited,pro\n{DELIVERED},2026-01-09,{TOKEN} Ltd,free\n"
    others = "c1,2026-01-01,Erstling,free\nc2,2026-01-01,Second,pro\n"
    (folder / "customers.csv").write_text(CUSTOMERS + (theirs if erased else "") + others)
    return folder


def files_with(text: str, warehouse: Path) -> set[str]:
    """The files of a warehouse that hold a text, by their paths within it; links are not followed."""
    paths = [Path(folder) / name for folder, _, names in os.walk(warehouse) for name in names]
    paths = [path for path in paths if not path.is_symlink() and text.encode() in path.read_bytes()]
    return {str(path.relative_to(warehouse)) for path in paths}


def tables_with(pattern: str, database: Path) -> set[str]:
    """The tables of a database in which a regular expression matches, whatever compresses what they hold."""
    with duckdb.connect(str(database), read_only=True) as connection:
        columns = connection.sql("select schema_name, table_name, column_name from duckdb_columns()").fetchall()
        stored = {name for (name,) in connection.sql("select table_name from duckdb_tables()").fetchall()}
        return {
            table
            for schema, table, column in columns
            if table in stored
            and connection.execute(
                f'select 1 from "{schema}"."{table}" where regexp_matches(cast("{column}" as varchar), ?) limit 1',
                [pattern],
            ).fetchall()
        }


def erase(raw: Path, warehouse: Path, *options: str) -> subprocess.Popen:
    """Starts to erase."""
    command = [sys.executable, "-m", "ops.erase", "--raw", raw, "--warehouse", warehouse, *options]
    return subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    )


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    return write_raw(tmp_path_factory.mktemp("erasure") / "Ana's [raw] data", erased=True)


@pytest.fixture(scope="module")
def built(raw, tmp_path_factory) -> BuildResult:
    """A build that knows all but one, who was erased long ago, by somebody whose environment holds secrets."""
    warehouse = Warehouse(tmp_path_factory.mktemp("warehouse"))
    warehouse.prepare()
    erasures = Erasures(warehouse)
    erasures.add([f"gone {TOKEN}"], None)
    listed = json.loads(erasures.path.read_text())
    listed["requests"][0] |= {"done_at": "2026-01-01T00:00:00+00:00", "build_id": "20260101T000000Z-000000", "rows": {}}
    erasures.path.write_text(json.dumps(listed))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SECRETS.items():
            patch.setenv(name, value.replace(TOKEN, "Kjqwvz"))
        result = run_build(raw, warehouse.folder)
    assert result.returncode == 0, result.output
    return result


def test_every_file_is_for_those_whom_it_concerns(built):
    modes = {}
    for folder, _, names in os.walk(built.warehouse):
        for path in [Path(folder), *(Path(folder) / name for name in names)]:
            if not path.is_symlink():
                modes[path.relative_to(built.warehouse).as_posix()] = path.stat().st_mode & 0o777
    version = Path(os.readlink(built.marts))
    assert modes.pop(version.as_posix()) == 0o444
    assert modes.pop(version.parent.as_posix()) == modes.pop("versions") == 0o755
    # Monitoring reads it.
    assert modes.pop("builds.jsonl") == 0o644
    modes.pop(".")
    assert {"work/work.duckdb", "work/target/manifest.json", "work/project/seeds/event_weights.csv"} <= set(modes)
    assert any(name.endswith("dbt.log") for name in modes)
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_no_secret_of_the_caller_is_in_any_file(built):
    assert files_with("secretKjqwvz", built.warehouse) == set()


def test_what_people_wrote_and_are_called_is_not_in_the_published_file(built):
    texts = ("Erstling", "others stay", "too slow", "-properties", "other content", "Limited")
    assert [text for text in texts if text.encode() in built.marts.read_bytes()] == []
    assert tables_with("|".join(texts), built.marts) == set()
    # Found where they are, or this test could not fail.
    assert {"stg_customers", "int_comments", "rejected_rows"} <= tables_with("|".join(texts), built.work)


def test_who_was_erased_before_stays_so_in_each_build(built):
    assert "everything is built anew" not in built.output
    events = published(built, "row_reconciliation").set_index("source_table").loc["events"]
    assert events[["raw_rows", "accepted", "rejected", "erased"]].tolist() == [71, 66, 2, 3]
    gone = f"gone {TOKEN}"
    assert files_with(gone, built.warehouse) | tables_with(gone, built.work) | tables_with(gone, built.marts) == set()


@pytest.fixture(scope="module")
def erased(raw, built, tmp_path_factory) -> tuple[BuildResult, dict]:
    """The warehouse after a customer and a person of another were erased, the first time killed; and what was seen."""
    warehouse, seen = Warehouse(built.warehouse), {}
    # What builds leave that went before, failed or were killed.
    shutil.copytree(warehouse.published().parent, warehouse.versions / "20250101T000000Z-000000")
    shutil.copy(warehouse.work_db, warehouse.work / "work.duckdb.damaged")
    (warehouse.work / "work.duckdb.tmp").mkdir()
    for leftover in ("logs/20250101T000000Z-000000/dbt.log", "building.duckdb.wal", "work.duckdb.tmp/spilled"):
        (warehouse.work / leftover).parent.mkdir(exist_ok=True)
        (warehouse.work / leftover).write_text(f"select '{TOKEN}'")
    seen["files before"] = files_with(TOKEN, built.warehouse)
    seen["tables before"] = tables_with(TOKEN, built.work) | tables_with(TOKEN, built.marts)
    seen["reader"] = duckdb.connect(str(built.marts), read_only=True)

    with erase(raw, built.warehouse, "--customer", f" {CUSTOMER}") as killed:
        assert any("dbt has read the project" in line for line in killed.stdout)
        killed.send_signal(signal.SIGKILL)
    seen["files when killed"] = files_with(TOKEN, built.warehouse)
    seen["open when killed"] = len(Erasures(warehouse).pending())

    # Only after the lock of dbt, which dies with its parent, is gone.
    for _ in range(100):
        with erase(raw, built.warehouse, "--customer", "c1", "--person", PERSON) as process:
            seen["output"] = process.stdout.read()
        if process.returncode != 3:
            break
    assert process.returncode == 0, seen["output"]
    return BuildResult(0, seen["output"], built.warehouse), seen


def test_before_it_is_in_all_kinds_of_files(erased):
    _, seen = erased
    found = {name.split("/")[-1] for name in seen["files before"]}
    assert found == {
        *("customer_scores.duckdb", "work.duckdb", "work.duckdb.damaged", "building.duckdb.wal", "spilled", "dbt.log")
    }
    assert len(seen["files before"]) == len(found) + 1  # two versions
    assert {"rejected_rows", "int_activity_daily", "dim_customers", "fct_survey_answers"} <= seen["tables before"]


def test_a_killed_erasure_has_emptied_the_work_folder_and_is_not_done(erased):
    _, seen = erased
    # Readers still see the marts of before, and nothing older.
    assert [name.split("/")[0] for name in seen["files when killed"]] == ["versions"]
    assert seen["open when killed"] == 1


def test_afterwards_it_is_nowhere(erased):
    result, _ = erased
    assert files_with(TOKEN, result.warehouse) == set()
    assert tables_with(TOKEN, result.work) | tables_with(TOKEN, result.marts) == set()
    assert len(list((result.warehouse / "versions").iterdir())) == 1


def test_who_has_the_old_file_open_keeps_it_until_it_is_closed(erased):
    with erased[1]["reader"] as reader:
        assert reader.execute("select count(*) from dim_customers where customer_id = ?", [CUSTOMER]).fetchone() == (1,)


def test_the_counts_stay_whole_and_it_is_noted_what_was_done(erased):
    result, _ = erased
    counts = published(result, "row_reconciliation").set_index("source_table")
    counts = counts[["raw_rows", "accepted", "duplicates", "rejected", "erased"]]
    assert counts.loc["events"].tolist() == [71, 39, 0, 0, 32]
    assert counts.loc["survey_answers"].tolist() == [5, 2, 0, 0, 3]
    assert counts.loc["customers"].tolist() == [4, 2, 0, 0, 2]
    assert "Rows set aside: 7 of events, 1 of survey_answers. The raw folder still has them" in result.output
    done = json.loads((result.warehouse / "erasures.json").read_text())["requests"]
    assert [request["rows"] for request in done] == [
        {},
        {"customers": 2, "events": 22, "survey_answers": 2},
        {"events": 7, "survey_answers": 1},
    ]
    journal = [json.loads(line) for line in (result.warehouse / "builds.jsonl").read_text().splitlines()]
    assert {request["build_id"] for request in done[1:]} == {journal[-1]["build_id"]}
    assert all(request["done_at"] >= request["requested_at"] for request in done[1:])
    assert (result.warehouse / "erasures.json").stat().st_mode & 0o777 == 0o600


def test_all_others_score_as_if_the_erased_had_never_been(erased, tmp_path):
    without = compute(write_raw(tmp_path / "raw", erased=False))
    del without["row_reconciliation"]
    for name, table in without.items():
        compare(name, published(erased[0], name), table)


def test_a_list_that_cannot_be_read_stops_the_build_and_a_wrong_folder_the_erasure(tmp_path):
    warehouse = Warehouse(tmp_path / "warehouse")
    raw = write_raw(tmp_path / "raw", erased=False)
    process = erase(raw, warehouse.folder, "--customer", "c1")
    assert "Nothing was erased." in process.communicate()[0] and process.returncode == 1
    assert not warehouse.folder.exists()

    warehouse.prepare()
    erasures = Erasures(warehouse)
    erasures.add(["c1"], None)
    erasures.path.write_text(erasures.path.read_text()[:-9])
    result = run_build(raw, warehouse.folder)
    assert result.returncode == 1 and "without it they would come back" in result.output
    erasures.path.write_text('{"key": "", "requests": []}')
    with pytest.raises(BuildError, match="put it back from a backup"):
        erasures.pending()


@pytest.fixture(scope="module")
def two_versions(tmp_path_factory) -> Warehouse:
    """A warehouse of two small versions."""
    warehouse = Warehouse(tmp_path_factory.mktemp("two") / "warehouse")
    warehouse.prepare()
    for build_id in "12":
        publish(warehouse, build_id)
    return warehouse


@pytest.fixture
def company(two_versions, tmp_path) -> Warehouse:
    """A copy of it, to change. It was built from the folder `raw` beside it, which is there and empty."""
    warehouse = Warehouse(shutil.copytree(two_versions.folder, tmp_path / "warehouse", symlinks=True))
    (tmp_path / "raw").mkdir()
    (tmp_path / "other").mkdir()
    write_rows_set_aside(warehouse)
    journal.append(warehouse.journal, Entry("2", "2026-01-01T00:00:00+00:00", "published", 0, str(tmp_path / "raw")))
    return warehouse


def write_rows_set_aside(warehouse: Warehouse, *rows: tuple[str, str, int]) -> None:
    """A work database in which a build has set rows aside, each row a request, a raw table and their number."""
    warehouse.work_db.unlink(missing_ok=True)
    with duckdb.connect(str(warehouse.work_db)) as connection:
        connection.execute("create schema raw")
        connection.execute("create table raw.erased_rows (request varchar, source_table varchar, row_count bigint)")
        for row in rows:
            connection.execute("insert into raw.erased_rows values (?, ?, ?)", row)


def options_of(warehouse: Warehouse, raw: str, *more: str) -> list[str]:
    """Options of a command, `raw` a folder beside the warehouse."""
    return ["--raw", str(warehouse.folder.with_name(raw)), "--warehouse", str(warehouse.folder), *more]


def build(warehouse: Warehouse, raw: str) -> int:
    """Builds in this process, and returns the exit code."""
    return ops_build.build(ops_build.parse_options(options_of(warehouse, raw)), warehouse, 0)


def test_nothing_is_removed_before_the_folders_are_known_to_be_those_of_the_builds(company, capsys, monkeypatch):
    kept = sorted(company.work.iterdir())
    assert ops_erase.main(options_of(company, "other", "--customer", "c1")) == 1
    assert re.search("Nothing was erased. Readers see a build of .*/raw, not of .*/other", capsys.readouterr().err)
    assert not Erasures(company).path.exists()

    Erasures(company).add(["c1"], None)
    # Any build carries a request out, so any build could do the harm.
    for raw, sentence in {"other": "Readers see a build of", "typo": "There is no folder"}.items():
        assert build(company, raw) == 1
        assert sentence in capsys.readouterr().err
        assert company.kept() == ["2", "1"] and company.work_db.exists(), raw
    (company.folder.with_name("raw") / "settings").mkdir()
    (company.folder.with_name("raw") / "settings" / "vars.yml").write_text("min_answers: [")
    assert build(company, "raw") == 1
    assert "vars.yml" in capsys.readouterr().err and company.kept() == ["2", "1"]
    assert set(kept) <= set(company.work.iterdir())

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    # The doctor knows of an erasure that was killed by its log's folder.
    (company.folder.with_name("raw") / "settings" / "vars.yml").unlink()
    monkeypatch.setattr(ops_build, "_prepare", stop)
    monkeypatch.setattr(ops_build, "_close", stop)
    with pytest.raises(KeyboardInterrupt):
        build(company, "raw")
    assert len(list(company.logs.iterdir())) == 1 and company.kept() == ["2"]

    moved = ops_build.parse_options(options_of(company, "other", "--full-refresh"))
    ops_build.check_same_folder(company, moved)


def test_a_list_that_is_gone_stops_builds_and_requests_where_it_had_set_rows_aside(company):
    tables = {"events": {"raw_rows": 3, "erased": 0}}
    journal.append(company.journal, Entry("2", "2026-01-01T00:00:00+00:00", "published", 0, tables=tables))
    assert Erasures(company).pending() == []
    tables["events"]["erased"] = 1
    journal.append(company.journal, Entry("3", "2026-01-02T00:00:00+00:00", "failed", 1, tables=tables))
    for command in (Erasures(company).pending, lambda: Erasures(company).add(["c2"], None)):
        with pytest.raises(BuildError, match="erasures.json is gone.* Put it back from a backup"):
            command()
    assert not Erasures(company).path.exists()


def test_nobody_goes_back_to_a_version_that_may_show_who_is_to_be_erased(company):
    Erasures(company).add(["c1"], None)
    with company.locked(), pytest.raises(BuildError, match="A request to erase is open") as refused:
        roll_back(company)
    assert refused.value.exit_code == 1 and company.published() == company.version("2")
    Erasures(company).finish("2")
    with company.locked():
        assert roll_back(company).startswith("Readers see version 1 now")


def test_the_record_of_an_erasure_stays_when_it_is_asked_for_again(company):
    erasures = Erasures(company)
    (first, _), (other,) = erasures.add(["c1", "c1"], None), erasures.add(["c2"], None)
    assert erasures.add(["c1"], None) == [first] and len(erasures.pending()) == 2
    write_rows_set_aside(company, (first, "events", 5), (other, "events", 1))
    erasures.finish("2")
    done = json.loads(erasures.path.read_text())["requests"]
    erasures.add(["c1"], None)
    assert erasures.rows([first]) is None
    write_rows_set_aside(company, (first, "events", 2))
    erasures.finish("3")
    *before, again = json.loads(erasures.path.read_text())["requests"]
    assert before == done and (again["build_id"], again["rows"]) == ("3", {"events": 2})
    assert erasures.rows([first, first, other]) == {"events": 3}


def close(warehouse: Warehouse) -> None:
    """What a build that has published version 2, and carried out all requests, does last."""
    entry = Entry("2", "2026-01-01T00:00:00+00:00", "published", 0)
    ops_build._close(warehouse, 0, entry, warehouse.version("1"), Erasures(warehouse))


def test_a_journal_that_cannot_be_written_keeps_no_erasure_from_being_done(company, capsys):
    Erasures(company).add(["c1"], None)
    company.journal.unlink()
    company.journal.mkdir()
    close(company)
    assert "Warning: could not tidy up" in (said := capsys.readouterr().err) and "builds.jsonl" in said
    assert company.kept() == ["2"] and Erasures(company).pending() == []


def test_what_could_not_be_removed_leaves_the_request_open_and_is_said(company, capsys, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(company.versions))

    def built(_: list[str]) -> int:
        close(company)
        return 0

    monkeypatch.setattr(Warehouse, "sweep", refuse)
    monkeypatch.setattr(ops_build, "main", built)
    assert ops_erase.main(options_of(company, "raw", "--customer", "c1")) == 1
    said = capsys.readouterr().err
    assert "Warning: could not tidy up" in said and "Readers see marts without what was to be erased. But" in said
    assert len(Erasures(company).pending()) == 1 and len(journal.read(company.journal)) == 2


def test_what_this_build_prints_into_the_work_folder_outlives_what_former_builds_printed_there(company):
    (company.work / "by_hand.txt").write_text(TOKEN)
    (company.work / "last_build.txt").write_text(TOKEN)
    code = "import sys; from ops.publish import Warehouse; print('before', flush=True)\n"
    code += "Warehouse(sys.argv[1]).forget(); print('after')"
    with (company.work / "last_build.txt").open("w") as output:
        subprocess.run([sys.executable, "-c", code, company.folder], cwd=REPOSITORY, stdout=output, check=True)
    assert {path.name for path in company.work.iterdir()} == {"last_build.txt"}
    assert (company.work / "last_build.txt").read_text() == "before\nafter\n"
    # By hand, beside a schedule.
    company.forget()
    assert list(company.work.iterdir()) == []


def test_the_journal_is_opened_to_readers_once_by_who_makes_it(company):
    assert company.journal.stat().st_mode & 0o777 == 0o644
    company.journal.chmod(0o664)
    journal.append(company.journal, Entry("3", "2026-01-01T00:00:00+00:00", "failed", 1))
    assert company.journal.stat().st_mode & 0o777 == 0o664
