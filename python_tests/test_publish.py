"""Readers see whole builds or none: publishing, the audit, the lock, and what a failed or killed build leaves."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from ops import build as ops_build
from ops import run_dbt
from ops.build import PROJECT, check_for_loss, run_until_sound
from ops.explain import engine_seconds, failing_rows, failures
from ops.journal import Entry, append, read
from ops.messages import BuildError, plain
from ops.publish import Audit, Warehouse, audit
from ops.rollback import roll_back
from ops.run_dbt import DbtRun

DAY = "date '2025-06-30'"
FILES = {
    "dbt_project.yml": """
        name: tiny
        profile: tiny
        vars: {lowest: 0, numbers: 1}
        models: {tiny: {+materialized: table, +database: customer_scores}}
        seeds: {+fast: false}
    """,
    "profiles.yml": """
        tiny:
          target: duckdb
          outputs:
            duckdb:
              type: duckdb
              path: "{{ env_var('CUSTOMER_SCORES_WORK') }}"
              attach:
                - path: "{{ env_var('CUSTOMER_SCORES_MARTS') }}"
                  alias: customer_scores
                  options: {storage_version: v1.5.0}
    """,
    "seeds/bands.csv": "band,lower_edge\nlow,0\nhigh,50\n",
    "macros/stamp.sql": """
        {% macro stamp() %}
        '{{ env_var("CUSTOMER_SCORES_BUILD_ID") if execute }}' as build_id, date '2025-06-30' as as_of_date
        {% endmacro %}
    """,
    "models/scores.sql": """
        select *, (select count(*) from {{ ref('bands') }}) as bands, {{ stamp() }}
        from read_csv('{{ env_var("CUSTOMER_SCORES_RAW") | replace("'", "''") }}/scores.csv')
    """,
    "models/row_reconciliation.sql": """
        select 'events' as source_table, 4 as raw_rows, 2 as accepted, 1 as duplicates, 1 as rejected, 0 as erased,
            {{ stamp() }}
    """,
    "models/endless.sql": """
        select sum(hash(numbers.range)) as total, {{ stamp() }}
        from range({{ var('numbers') }}) as numbers, (select count(*) from {{ ref('scores') }})
    """,
    "tests/every_score_is_high_enough.sql": """
        select 'Customer ' || customer || ' has a score of ' || score as problem
        from {{ ref('scores') }} where score < {{ var('lowest') }}
    """,
    "tests/left_to_make_test.sql": "{{ config(tags='keys_of_steps') }} select 'No build asks this' as problem",
    "tests/nobody_scores_seven.sql": """
        {{ config(severity='warn') }}
        select customer, score from {{ ref('scores') }} where score = 7
    """,
}


@pytest.fixture
def folder(tmp_path):
    """A folder with an awkward name that holds a small dbt project and a raw folder with two scores."""
    folder = tmp_path / "Zoë's data"
    for name, text in FILES.items():
        path = folder / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    (folder / "raw" / "settings").mkdir(parents=True)
    (folder / "raw" / "scores.csv").write_text("customer,score\nanna,7\nbob,3\n")
    return folder


def command(folder: Path) -> list:
    """The command that builds `folder`."""
    paths = ["--raw", folder / "raw", "--warehouse", folder / "warehouse", "--project-dir", folder / "project"]
    return [sys.executable, "-m", "ops.build", *paths]


def run(arguments: list) -> subprocess.CompletedProcess:
    """Runs a command to its end in a process of its own."""
    return subprocess.run(arguments, check=False, cwd=PROJECT, capture_output=True, text=True, timeout=600)


def build(folder: Path) -> subprocess.CompletedProcess:
    """Builds `folder`."""
    return run(command(folder))


def rollback(folder: Path, *options: str) -> subprocess.CompletedProcess:
    """Shows readers of `folder` another version."""
    return run([sys.executable, "-m", "ops.rollback", "--warehouse", folder / "warehouse", *options])


def journal(warehouse: Warehouse) -> list[dict]:
    """The lines of the journal."""
    return [json.loads(line) for line in warehouse.journal.read_text().splitlines()]


def make_marts(path: Path, build_id: str, *statements: str, storage: str = "v1.5.0") -> Path:
    """A finished marts file of one build: `scores` with 1,000 rows, `row_reconciliation`, and what `statements` add."""
    path.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        quoted = str(path).replace("'", "''")
        connection.execute(f"attach '{quoted}' as marts (storage_version '{storage}')")
        connection.execute("use marts")
        stamp = f"'{build_id}' as build_id, {DAY} as as_of_date"
        connection.execute(
            f"create table scores as select range as score, md5(range::varchar) as name, {stamp} from range(1000)"
        )
        connection.execute(
            "create table row_reconciliation as "
            "select 'events' as source_table, 4 as raw_rows, 2 as accepted, 1 as duplicates, 1 as rejected, "
            f"0 as erased, {stamp}"
        )
        for statement in statements:
            connection.execute(statement)
    return path


def read_build(source: Path | duckdb.DuckDBPyConnection) -> str:
    """The build that a reader sees, by all the rows it can read."""
    if isinstance(source, Path):
        with duckdb.connect(str(source), read_only=True) as connection:
            return read_build(connection)
    (found,) = source.execute("select distinct build_id from scores where length(name) = 32").fetchall()
    return found[0]


@pytest.fixture
def warehouse(tmp_path):
    """An empty warehouse."""
    warehouse = Warehouse(tmp_path / "warehouse")
    warehouse.prepare()
    return warehouse


def publish(warehouse: Warehouse, build_id: str) -> Path:
    """Publishes small marts as build `build_id`."""
    make_marts(warehouse.building, build_id)
    audit(warehouse.building, build_id)
    version = warehouse.publish(build_id)
    warehouse.sweep(keep=3)
    return version


def test_a_build_publishes_marts_and_a_failing_test_leaves_them_as_they_were(folder):
    warehouse = Warehouse(folder / "warehouse")
    (folder / "raw" / "settings" / "bands.csv").write_text("lower_edge,band\n80,excellent\n")
    (folder / "raw" / "settings" / "summary.sql").write_text(
        "select customer, score / 2 as half from scores order by 1"
    )
    done = build(folder)
    assert done.returncode == 0, done.stderr
    assert "nobody scores seven (1 row)\n    customer = anna, score = 7" in done.stdout
    assert "anna      3.50" in done.stdout
    assert "up to 2025-06-30" in done.stdout
    assert "Seconds: start" in done.stdout
    assert "every_score_is_high_enough" not in done.stdout  # tests that passed are not worth a line

    published = warehouse.published()
    assert not os.path.isabs(os.readlink(warehouse.link))
    modes = {path: oct(path.stat().st_mode & 0o777) for path in (published, warehouse.work, warehouse.work_db)}
    assert list(modes.values()) == ["0o444", "0o700", "0o600"]
    assert not list(warehouse.work.glob("building*"))
    reader = duckdb.connect(str(warehouse.link), read_only=True)
    assert reader.execute("select distinct bands from scores").fetchall() == [(3,)]
    (line,) = journal(warehouse)
    assert list(line) == [entry_field.name for entry_field in fields(Entry)]
    assert line["build_id"] == published.parent.name
    assert (line["result"], line["exit_code"], line["message"]) == ("published", 0, None)
    assert (line["as_of_date"], line["rejected"], line["warnings"]) == ("2025-06-30", 1, 1)
    assert line["tables"] == {"events": {"raw_rows": 4, "accepted": 2, "duplicates": 1, "rejected": 1, "erased": 0}}
    assert line["rows"] == {"endless": 1, "row_reconciliation": 1, "scores": 2}
    assert list(line["seconds"]) == ["start", "dbt", "engine", "publish"]
    assert warehouse.journal.stat().st_mode & 0o777 == 0o644

    (folder / "raw" / "scores.csv").write_text("customer,score\nanna,7\nbob,-3\n")
    failed = build(folder)
    assert failed.returncode == 1
    assert "Test failed: every score is high enough (1 row)\n    Customer bob has a score of -3" in failed.stderr
    assert f"{warehouse.link} is still the build of " in failed.stderr
    assert Path(failed.stderr.split("The full log is ")[1].split(".log")[0] + ".log").is_file()
    assert warehouse.published() == published
    assert reader.execute("select max(score), min(score) from scores").fetchall() == [(7, 3)]
    reader.close()
    line = journal(warehouse)[-1]
    assert list(line) == [entry_field.name for entry_field in fields(Entry)]
    assert (line["result"], line["exit_code"]) == ("failed", 1)
    assert line["message"] == "Test failed: every score is high enough (1 row)"
    assert "bob" not in warehouse.journal.read_text()  # who failed is shown, and not kept


def test_a_build_after_a_rollback_is_as_if_it_were_the_first(folder):
    # Grows with each build that goes on from the one before.
    (folder / "project" / "models" / "builds.sql").write_text(
        "{{ config(materialized='incremental', database='work') }} select count(*) as scores from {{ ref('scores') }}"
    )

    def builds() -> list[tuple]:
        with duckdb.connect(str(warehouse.work_db), read_only=True) as connection:
            return connection.execute("from builds").fetchall()

    warehouse = Warehouse(folder / "warehouse")
    scores = folder / "raw" / "scores.csv"
    assert build(folder).returncode == 0
    scores.write_text("customer,score\nanna,7\nbob,3\neve,1\n")
    assert build(folder).returncode == 0
    assert builds() == [(2,), (3,)]
    second, first = warehouse.kept()
    reader = duckdb.connect(str(warehouse.link), read_only=True)

    done = rollback(folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Readers see version {first} now, and no longer {second}.")
    assert read_customers(warehouse.link) == [("anna",), ("bob",)]
    assert len(reader.execute("from scores").fetchall()) == 3  # whoever reads is not disturbed
    reader.close()
    line = journal(warehouse)[-1]
    assert list(line) == [entry_field.name for entry_field in fields(Entry)]
    assert (line["build_id"], line["result"], line["rows"]["scores"]) == (first, "rolled_back", 2)
    listed = rollback(folder, "--list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["version", second, first]
    assert listed.stdout.endswith("readers see it\n")

    done = build(folder)
    assert done.returncode == 0 and "or they were rolled back: all is built anew" in done.stdout
    assert builds() == [(3,)]
    assert read_customers(warehouse.link) == [("anna",), ("bob",), ("eve",)]


def read_customers(marts: Path) -> list[tuple]:
    """The customers that a new reader sees."""
    with duckdb.connect(str(marts), read_only=True) as connection:
        return connection.execute("select customer from scores order by customer").fetchall()


def test_a_rollback_goes_to_any_version_that_is_whole_and_to_no_other(warehouse, folder):
    for build_id in "123":
        publish(warehouse, build_id)
    with warehouse.locked():
        assert roll_back(warehouse).startswith("Readers see version 2 now, and no longer 3.")
        assert roll_back(warehouse).startswith("Readers see version 1 now")
        assert read_build(warehouse.link) == "1"
        with pytest.raises(BuildError, match="There is no version before 1"):
            roll_back(warehouse)
        with pytest.raises(BuildError, match="There is no version 4. These are kept:\n.*\n +3 "):
            roll_back(warehouse, "4")
        with pytest.raises(BuildError, match="see version 1 already"):
            roll_back(warehouse, "1")
        assert roll_back(warehouse, "3").startswith("Readers see version 3 now")
        damaged = warehouse.version("2")
        damaged.chmod(0o600)
        damaged.write_bytes(damaged.read_bytes()[:20000])
        with pytest.raises(BuildError, match="cannot be read whole") as refused:
            roll_back(warehouse, "2")
        assert refused.value.exit_code == 4
        assert read_build(warehouse.link) == "3"

        held = run([sys.executable, "-m", "ops.rollback", "--warehouse", warehouse.folder])
        assert held.returncode == 3 and "Another command writes" in held.stderr
    assert [line["build_id"] for line in journal(warehouse)] == ["2", "1", "3"]
    empty = rollback(folder)
    assert empty.returncode == 1 and "has no published marts" in empty.stderr
    assert not (folder / "warehouse").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("insert into scores values (1, 'x', 'old', {day})", "scores has rows of build 1 and old"),
        (
            "drop table scores; drop table row_reconciliation; create table x as select 1 as x",
            "no row says which build",
        ),
        ("drop table scores; create view scores as from read_text('{file}')", "it cannot be read whole: Permission"),
    ],
)
def test_a_version_that_is_not_what_its_name_says_is_not_shown(change, sentence, warehouse):
    publish(warehouse, "1")
    publish(warehouse, "2")
    make_marts(warehouse.version("1"), "1", change.format(day=DAY, file=__file__))
    with pytest.raises(BuildError, match=f"Version 1 cannot be shown:\n- {sentence}") as refused:
        roll_back(warehouse)
    assert refused.value.exit_code == 4 and read_build(warehouse.link) == "2"


def test_a_version_of_the_code_before_an_upgrade_can_be_shown(warehouse):
    counts = {"events": {"raw_rows": 4, "accepted": 2, "duplicates": 1, "rejected": 1}}
    for build_id in "12":
        publish(warehouse, build_id)
        append(
            warehouse.journal, Entry(build_id, "2025-06-30T10:00:00+00:00", "published", 0, tables=counts, rejected=1)
        )
    # The code before knew nothing of who was erased, and published another table, which had no stamp.
    former = (
        "alter table row_reconciliation drop column erased; create schema before; create table before.x as select 1 x"
    )
    make_marts(warehouse.version("1"), "1", former)
    with pytest.raises(BuildError, match="The new marts cannot be read whole"):
        audit(warehouse.version("1"), "1")
    assert "ends on 2025-06-30" in roll_back(warehouse)
    assert read_build(warehouse.link) == "1"
    line = journal(warehouse)[-1]
    assert (line["as_of_date"], line["tables"], line["rejected"]) == ("2025-06-30", counts, 1)
    assert line["rows"] == {"before.x": 1, "row_reconciliation": 1, "scores": 1000}


def test_a_link_that_the_disk_did_not_confirm_is_no_failure(warehouse, monkeypatch, capsys):
    def sync(path: Path) -> None:
        if path == warehouse.folder:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    publish(warehouse, "1")
    monkeypatch.setattr("ops.publish.sync", sync)
    publish(warehouse, "2")
    assert read_build(warehouse.link) == "2"
    assert "readers see version 2, but the disk did not confirm the link" in capsys.readouterr().err


def test_a_time_that_the_caller_gave_is_said_and_must_be_one(folder, warehouse, monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(run_dbt, "run", lambda _, environment, *__: seen.append(environment) or DbtRun())
    options = ops_build.parse_options(
        [f"--{name}={folder / name}" for name in ("raw", "warehouse")] + [f"--project-dir={folder / 'project'}"]
    )
    for given in ("2026-06-30 02:15:00", ""):
        monkeypatch.setenv("CUSTOMER_SCORES_BUILD_TIME", given)
        ops_build.build(options, warehouse, 0)
        said = "CUSTOMER_SCORES_BUILD_TIME is set: how fresh sources are is judged as of 2026-06-30 02:15:00 UTC"
        assert (said in capsys.readouterr().out) == bool(given)
    times = [environment["CUSTOMER_SCORES_BUILD_TIME"] for environment in seen]
    assert times[0] == "2026-06-30 02:15:00" and times[1].startswith(f"{datetime.now(UTC):%Y-%m-}")
    monkeypatch.setenv("CUSTOMER_SCORES_BUILD_TIME", "2026-02-30 02:15:00")
    assert ops_build.build(options, warehouse, 0) == 1
    said = "CUSTOMER_SCORES_BUILD_TIME is '2026-02-30 02:15:00': give a time in UTC as YYYY-MM-DD HH:MM:SS."
    assert said in capsys.readouterr().err and len(seen) == 2
    # No dbt began, so that there is no log to keep.
    assert list(warehouse.logs.iterdir()) == []


def test_a_line_of_the_journal_that_was_cut_short_spoils_no_other(warehouse):
    append(warehouse.journal, Entry("1", "2025-06-30T10:00:00+00:00", "published", 0))
    with warehouse.journal.open("a") as file:
        file.write('{"build_id": "2", "resu')
    append(warehouse.journal, Entry("3", "2025-06-30T12:00:00+00:00", "failed", 1))
    assert [entry["build_id"] for entry in read(warehouse.journal)] == ["1", "3"]


def test_wrong_usage_ends_with_code_2():
    done = run([sys.executable, "-m", "ops.build", "--raw", "nowhere"])
    assert done.returncode == 2 and "--warehouse" in done.stderr


def test_a_build_whose_marts_do_not_pass_the_audit_ends_with_code_4(warehouse, folder, monkeypatch, capsys):
    monkeypatch.setattr(run_dbt, "run", lambda *_: DbtRun())
    options = ops_build.parse_options(
        [f"--{name}={folder / name}" for name in ("raw", "warehouse")] + [f"--project-dir={folder / 'project'}"]
    )
    assert ops_build.build(options, warehouse, 0) == 4
    assert "dbt succeeded, but made no marts file" in capsys.readouterr().err
    (line,) = journal(warehouse)
    assert (line["result"], line["exit_code"], line["tables"]) == ("failed", 4, None)


def test_a_source_that_lost_more_than_half_of_its_rows_stops_unless_that_is_meant(folder):
    warehouse = Warehouse(folder / "warehouse")
    assert build(folder).returncode == 0
    published, record = warehouse.published(), warehouse.published_entry()
    model = folder / "project" / "models" / "row_reconciliation.sql"
    model.write_text(
        re.sub(
            "4 as raw_rows.*1 as rejected",
            "1 as raw_rows, 1 as accepted, 0 as duplicates, 0 as rejected",
            model.read_text(),
        )
    )
    # That the project has changed, so that all is built anew, is no consent.
    cut = build(folder)
    assert cut.returncode == 1 and warehouse.published() == published
    assert "events has 1 rows, and had 4 in the published build: more than half is gone" in cut.stderr
    assert "build once with --full-refresh" in cut.stderr

    def said(rows: int, raw: Path = folder / "raw", may_shrink: bool = False) -> list[str]:
        return check_for_loss(record, Audit(None, {}, {"events": {"raw_rows": rows}}), raw, may_shrink)

    assert said(4) == said(5) == []
    warning = ["events has 2 rows, and had 4 in the published build: is that what was meant?"]
    assert said(2) == warning
    assert said(1, may_shrink=True) == said(1, raw=folder / "other") == [warning[0].replace("2 rows", "1 rows")]
    with pytest.raises(BuildError, match="events has 0 rows, and had 4"):
        check_for_loss(record, Audit(None, {}, {}), folder / "raw", may_shrink=False)


def test_what_a_failed_build_of_other_code_kept_is_not_trusted(folder):
    made_anew = "The project is not the one that made the published marts, or they were rolled back: all is built anew."
    assert build(folder).returncode == 0
    assert made_anew not in build(folder).stdout
    model = folder / "project" / "models" / "scores.sql"
    as_published = model.read_text()
    model.write_text(f"{as_published}\n-- other code")
    scores = folder / "raw" / "scores.csv"
    raw = scores.read_text()
    scores.write_text("customer,score\nanna,7\nbob,-3\n")
    failed = build(folder)
    assert failed.returncode == 1 and made_anew in failed.stdout
    model.write_text(as_published)
    scores.write_text(raw)
    done = build(folder)
    assert done.returncode == 0 and made_anew in done.stdout


def test_a_killed_build_leaves_the_old_marts_and_the_next_build_works(folder):
    warehouse = Warehouse(folder / "warehouse")
    warehouse.prepare()
    publish(warehouse, "20250101T000000Z-000000")
    own_vars = folder / "raw" / "settings" / "vars.yml"
    own_vars.write_text("numbers: 1000000000000")
    # Once the model `scores` has ended, the endless one begins.
    with subprocess.Popen(command(folder), cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert any(line.split()[-1:] == ["scores"] for line in process.stdout)
        second = build(folder)
        assert second.returncode == 3
        assert f"Another command writes {warehouse.folder}: process {process.pid} on " in second.stderr
        process.send_signal(signal.SIGKILL)
    assert warehouse.building.exists()
    assert read_build(warehouse.link) == "20250101T000000Z-000000"

    own_vars.unlink()
    deadline = time.monotonic() + 30
    while (done := build(folder)).returncode == 3 and time.monotonic() < deadline:
        time.sleep(0.1)  # dbt dies with its parent, but not in the same instant
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(warehouse.link), read_only=True) as connection:
        assert connection.execute("select customer from scores order by 1").fetchall() == [("anna",), ("bob",)]
    assert not list(warehouse.work.glob("building*"))


def test_readers_keep_their_build_and_new_readers_see_the_new_one(warehouse):
    publish(warehouse, "1")
    pooled = duckdb.connect(str(warehouse.link), read_only=True)
    publish(warehouse, "2")
    assert read_build(warehouse.link) == "2"
    for build_id in "345":
        publish(warehouse, build_id)
    assert not warehouse.version("1").exists()
    assert read_build(pooled) == "1"
    pooled.close()
    assert read_build(warehouse.link) == "5"


def test_the_last_three_versions_stay_and_leftovers_go(warehouse):
    for build_id in "12345":
        publish(warehouse, build_id)
    assert sorted(warehouse.versions.glob("*/*")) == [warehouse.version(build_id) for build_id in "345"]
    (warehouse.folder / ".customer_scores.duckdb.dead").symlink_to("nowhere")
    for build_id in "678":
        warehouse.version(build_id).parent.mkdir()
        warehouse.version(build_id).touch()  # newer by name, never published
    warehouse.sweep(keep=3)
    assert warehouse.published() == warehouse.version("5")
    assert warehouse.kept() == ["5", "4", "3"]
    assert not os.path.lexists(warehouse.folder / ".customer_scores.duckdb.dead")


def test_a_write_ahead_log_beside_the_link_does_not_block_readers(warehouse):
    publish(warehouse, "1")
    Path(f"{warehouse.link}.wal").write_bytes(b"stale")
    publish(warehouse, "2")
    assert read_build(warehouse.link) == "2"


def test_new_marts_start_as_a_copy_that_no_reader_has_open(warehouse):
    version = publish(warehouse, "1")
    warehouse.building.write_bytes(b"left by a dead build")
    warehouse.start_marts(full_refresh=False)
    assert warehouse.building.read_bytes() == version.read_bytes()
    assert warehouse.building.stat().st_mode & 0o777 == 0o600
    warehouse.start_marts(full_refresh=True)
    assert not warehouse.building.exists()


def test_a_file_in_place_of_the_link_is_not_overwritten(warehouse):
    warehouse.link.write_text("somebody's own")
    with pytest.raises(BuildError, match="is not a link that a build made"):
        warehouse.prepare()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("insert into scores values (1, 'x', 'old', {day})", "scores has rows of build new and old"),
        ("update scores set build_id = null where score = 1", "scores has rows of build new and null"),
        ("update scores set as_of_date = '2025-06-29' where score = 1", "found: 2025-06-29, 2025-06-30"),
        ("update scores set as_of_date = null where score = 1", "one as_of_date; found: .*None"),
        ("alter table scores drop column build_id", "scores lacks the column build_id or as_of_date"),
        ("create schema raw; create table raw.events as select 1 as x", "raw.events is in the file"),
        (
            "create schema main_history; "
            "create table main_history.kept as select 'old' as build_id, {day} as as_of_date",
            "kept has rows of build old",
        ),
        ("update row_reconciliation set rejected = 0", r"events has 4 raw rows, but accounts for 2 \+ 1 \+ 0 \+ 0"),
        ("update row_reconciliation set raw_rows = null", "events has None raw rows"),
        ("delete from row_reconciliation", "row_reconciliation has no rows"),
        ("drop table row_reconciliation", "row_reconciliation has no rows"),
        (
            "create view leak as select content as build_id, {day} as as_of_date from read_text('{file}')",
            "cannot be read whole: Permission Error",
        ),
    ],
)
def test_the_audit_refuses(tmp_path, change, sentence):
    marts = make_marts(tmp_path / "marts.duckdb", "new", change.format(day=DAY, file=__file__))
    with pytest.raises(BuildError, match=sentence) as refused:
        audit(marts, "new")
    assert refused.value.exit_code == 4


def test_the_audit_accepts_views_and_empty_tables_and_what_is_kept_from_build_to_build(tmp_path):
    marts = make_marts(
        tmp_path / "marts.duckdb",
        "new",
        "create view best as select * from scores where score > 990",
        "create table nobody as select * from scores where false",
        "create schema main_history",
        "create table main_history.kept as select 1 as score",
        "create view main_history.best_kept as select * from main_history.kept",
    )
    audited = audit(marts, "new")
    assert audited.rows == {"main_history.kept": 1, "nobody": 0, "row_reconciliation": 1, "scores": 1000}
    assert str(audited.as_of_date) == "2025-06-30"


def test_the_audit_refuses_a_file_that_is_absent_or_was_not_closed(tmp_path):
    marts = tmp_path / "marts.duckdb"
    with pytest.raises(BuildError, match="made no marts file"):
        audit(marts, "new")
    make_marts(marts, "new")
    Path(f"{marts}.wal").touch()
    with pytest.raises(BuildError, match="write-ahead log"):
        audit(marts, "new")


def test_the_audit_refuses_a_format_that_bi_drivers_cannot_read(tmp_path):
    marts = make_marts(tmp_path / "marts.duckdb", "new", storage="v2.0.0")
    with pytest.raises(BuildError, match="BI drivers cannot read"):
        audit(marts, "new")


def test_the_audit_reads_every_block(tmp_path):
    stamp = f"'new' as build_id, {DAY} as as_of_date"
    filler = f"create table filler as select md5(range::varchar) as text, {stamp} from range(300000)"
    marts = make_marts(tmp_path / "marts.duckdb", "new", filler)
    audit(marts, "new")
    content = bytearray(marts.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    marts.write_bytes(content)
    with pytest.raises(BuildError, match="cannot be read whole"):
        audit(marts, "new")


def explain_error(message: str) -> str:
    """What people read where one node failed with `message`."""
    run = DbtRun(returncode=1)
    (problem,) = failures([{"status": "error", "message": message}], run, PROJECT, lambda _: [])
    return str(problem)


def test_a_sentence_raised_by_the_project_stands_alone():
    message = (
        "Compilation Error in operation tiny-on-run-start-0 (./dbt_project.yml)\n"
        '  The var min_answers is "x": give a number.\n'
        "  \n  > in macro setting_number (macros/settings.sql)\n  > called by macro min_answers (macros/settings.sql)"
    )
    assert explain_error(message) == '- The var min_answers is "x": give a number.'


def test_other_errors_say_where():
    message = "Runtime Error in model scores (models/scores.sql)\n"
    message += "  Conversion Error: Could not convert 'x'\n  \n  LINE 1: ..."
    assert explain_error(message).splitlines() == [
        "- Model scores (models/scores.sql) failed",
        "    Conversion Error: Could not convert 'x'",
        "    LINE 1: ...",
    ]
    contract = (
        "Compilation Error in model scores (models/scores.sql)\n  This model has an enforced contract that failed.\n"
    )
    contract += "  > in macro assert_columns_equivalent (macros/relations/column/columns_spec_ddl.sql)"
    assert explain_error(contract).startswith("- Model scores (models/scores.sql) failed")


def test_a_fault_of_duckdb_is_told_from_what_is_wrong_with_the_data():
    fault = "Runtime Error in test scores (models/scores.yml)\n  INTERNAL Error: narrowed column 1\n  \n  Stack Trace:"
    assert explain_error(fault) == "- DuckDB failed by a fault of its own (narrowed column 1): run the build again."


@pytest.mark.parametrize(
    ("messages", "runs", "ends_with"),
    [
        (["INTERNAL Error: made up", None], 2, 0),
        (["INTERNAL Error: made up"] * 3, 2, 1),
        (["Got 1 result, configured to fail if != 0", None], 1, 1),
        ([None], 1, 0),
    ],
)
def test_a_build_runs_once_more_where_duckdb_failed_by_a_fault_of_its_own(
    messages, runs, ends_with, monkeypatch, warehouse
):
    seen = []
    warehouse.target.mkdir(parents=True)

    def run(*_):
        message = messages[len(seen)]
        seen.append(message)
        (warehouse.target / "run_results.json").write_text(json.dumps({"results": [{"message": message}]}))
        return DbtRun(returncode=int(message is not None))

    monkeypatch.setattr(run_dbt, "run", run)
    finished, results = run_until_sound([], {}, 0, warehouse)
    assert (len(seen), finished.returncode, results[0]["message"]) == (runs, ends_with, messages[runs - 1])


GAVE_UP = "FATAL Error: Failed: database has been invalidated because of a previous fatal error.\nOriginal error: "


@pytest.mark.parametrize(
    ("first_error", "runs"), [("made up", 2), ("No space left on device", 1), ("Out of Memory Error: no block", 1)]
)
def test_a_build_runs_once_more_where_duckdb_gave_up_and_dbt_left_no_results(first_error, runs, monkeypatch, warehouse):
    ends = [DbtRun(1, errors=[f'{GAVE_UP}"{first_error}"']), DbtRun()]
    seen = []
    monkeypatch.setattr(run_dbt, "run", lambda *_: seen.append(ends[len(seen)]) or seen[-1])
    assert run_until_sound([], {}, 0, warehouse) == (ends[runs - 1], [])
    assert len(seen) == runs


def test_of_all_that_fails_after_duckdb_gave_up_the_first_error_is_told():
    later = f'{GAVE_UP}"IO Error: Could not read from file"'
    assert explain_error(later) == "- DuckDB gave up: IO Error: Could not read from file"


def test_failing_rows_are_shown_without_control_characters(tmp_path):
    work = tmp_path / "work.duckdb"
    duckdb.connect(str(work)).close()
    marts = make_marts(tmp_path / "marts.duckdb", "1", "create table odd as select 'a' || chr(27) || '[31m' as name")
    assert failing_rows(work, marts, "select 'bad ' || name as problem from customer_scores.odd") == ["bad a\\x1b[31m"]
    rows = failing_rows(work, marts, "-- a test\nselect score from customer_scores.scores order by score -- all")
    assert rows == [f"score = {score}" for score in range(5)]
    assert failing_rows(work, marts, "select * from gone") == []
    assert plain("x" * 2000).endswith("x...")


def test_nodes_at_work_side_by_side_count_once():
    def result(start: int, end: int) -> dict:
        stamp = "2025-06-30T10:00:{:02d}.000000Z"
        return {"timing": [{"started_at": stamp.format(start), "completed_at": stamp.format(end)}]}

    assert engine_seconds([]) == 0
    assert engine_seconds([result(0, 10), result(2, 4), result(8, 12), result(20, 21), {"timing": []}]) == 13
