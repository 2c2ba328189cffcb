"""What breaks under a build: readers keep what they have, a sentence says what to do, and the next build is whole.

The sentences are those of docs/faults.md, where … stands for anything.
"""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import pytest
from real_data import REPOSITORY
from test_publish import FILES, journal

from ops.explain import failures
from ops.publish import Warehouse
from ops.run_dbt import DbtRun

LINES = [line.strip("| ").split(" | ") for line in (REPOSITORY / "docs" / "faults.md").read_text().splitlines()]
SAID = {cells[0]: cells[1] for cells in LINES if len(cells) == 4 and cells[0] != "fault"}
OLDER = "20200101T000000Z-000000"
MARKED = "5feceb66ffc86f38d952786c6d696c79"
# To the small project these add what a build keeps, with bytes that can be found in the files, and what needs much.
KEPT = {
    "dbt_project.yml": FILES["dbt_project.yml"].replace("numbers: 1", "numbers: 1, stored: 1, listed: 1"),
    "profiles.yml": f"{FILES['profiles.yml'].rstrip()}\n              settings: {{memory_limit: 60MB}}\n",
    "models/kept_in_work.sql": f"""
        {{{{ config(materialized='incremental', database='work', incremental_strategy='append') }}}}
        select '{MARKED}' as mark
        {{% if is_incremental() %}} where '{MARKED}' not in (select mark from {{{{ this }}}}) {{% endif %}}
    """,
    # Nothing reads it but the audit.
    "models/kept_in_marts.sql": f"""
        {{{{ config(materialized='incremental', schema='history', incremental_strategy='append') }}}}
        select '{MARKED}' as mark {{% if is_incremental() %}} where false {{% endif %}}
    """,
    "models/stored.sql": """
        {{ config(database='work') }} select md5(range::varchar) as text from range({{ var('stored') }})
    """,
    "models/listed.sql": """
        {{ config(database='work') }} select len(list(range)) as numbers from range({{ var('listed') }})
    """,
}


@dataclass(frozen=True)
class Stop:
    """What stops a build of `warehouse`: vars as YAML, a limit that its process sets itself; and its exit code."""

    warehouse: Warehouse
    given: str = ""
    limit: Callable[[], None] | None = None
    exit_code: int = 1


@pytest.fixture(scope="module")
def company(tmp_path_factory) -> Path:
    """A folder with a small project, its raw folder and a warehouse with a published build and an older version."""
    folder = tmp_path_factory.mktemp("company")
    for name, text in {**FILES, **KEPT}.items():
        path = folder / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    (folder / "raw" / "settings").mkdir(parents=True)
    (folder / "raw" / "scores.csv").write_text("customer,score\nanna,7\nbob,3\n")
    warehouse = Warehouse(folder / "warehouse")
    done = run(folder, warehouse)
    assert done.returncode == 0, done.stderr
    shutil.copytree(warehouse.published().parent, warehouse.versions / OLDER)
    return folder


@pytest.fixture
def warehouse(company, tmp_path) -> Warehouse:
    """A copy of the company's warehouse, to break."""
    shutil.copytree(company / "warehouse", tmp_path / "warehouse", symlinks=True)
    return Warehouse(tmp_path / "warehouse")


def run(
    company: Path, warehouse: Warehouse, given: str = "", limit: Callable[[], None] | None = None
) -> subprocess.CompletedProcess:
    """Builds in a process of its own, with vars as YAML; `limit` is called in it first."""
    (company / "raw" / "settings" / "vars.yml").write_text(given)
    paths = {"raw": company / "raw", "warehouse": warehouse.folder, "project-dir": company / "project"}
    command = [sys.executable, "-m", "ops.build", *(f"--{name}={path}" for name, path in paths.items())]
    return subprocess.run(
        command, cwd=REPOSITORY, check=False, capture_output=True, text=True, timeout=600, preexec_fn=limit
    )


def rows(marts: Path) -> dict[str, list[tuple]]:
    """All that readers can read, by table, whatever build made it."""
    with duckdb.connect(str(marts), read_only=True) as connection:
        tables = connection.execute("select table_schema, table_name from information_schema.tables").fetchall()
        read = "select columns(lambda name: name <> 'build_id') from {}.{} order by all"
        return {table: connection.execute(read.format(schema, table)).fetchall() for schema, table in tables}


def assert_said(fault: str, done: subprocess.CompletedProcess) -> None:
    """What was printed has the sentence of docs/faults.md."""
    sentence = ".+".join(re.escape(part) for part in SAID[fault].split("…"))
    printed = done.stdout + done.stderr
    assert re.search(sentence, printed, re.DOTALL), f"{sentence}\nis not in\n{printed}"


def assert_builds(company: Path, warehouse: Warehouse) -> None:
    """A build succeeds, and its marts are those that nothing disturbed."""
    done = run(company, warehouse)
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows(warehouse.link) == rows(company / "warehouse" / warehouse.link.name)


def damaged(path: Path) -> None:
    """Flips a bit of the marked bytes."""
    content = path.read_bytes()
    assert MARKED.encode() in content
    path.chmod(0o600)
    path.write_bytes(content.replace(MARKED.encode(), b"X" + MARKED.encode()[1:]))


def cut(path: Path) -> None:
    """Leaves half of a file."""
    path.chmod(0o600)
    os.truncate(path, path.stat().st_size // 2)


def leave_log(warehouse: Warehouse, cut_to: float = 1, flip: bool = False) -> None:
    """Leaves a write-ahead log beside the work database, as a killed process does; cut short, or with a bit flipped."""
    code = "import duckdb, os, sys; c = duckdb.connect(sys.argv[1])\n"
    code += (
        "c.execute('create table one as select 1 as x'); c.execute('create table two as select 2 as x'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, warehouse.work_db], check=True)
    log = Path(f"{warehouse.work_db}.wal")
    content = bytearray(log.read_bytes())
    content[-1] ^= flip
    log.write_bytes(content[: int(len(content) * cut_to)])


DAMAGE = {
    "the work database is cut short": lambda warehouse: cut(warehouse.work_db),
    "bytes of the work database flip": lambda warehouse: damaged(warehouse.work_db),
    "bytes of its write-ahead log flip": lambda warehouse: leave_log(warehouse, flip=True),
    "the published marts are cut short": lambda warehouse: cut(warehouse.published()),
    "bytes of the published marts flip": lambda warehouse: damaged(warehouse.published()),
}


@pytest.mark.parametrize("fault", DAMAGE)
def test_what_is_damaged_is_said_and_built_anew(fault, company, warehouse):
    as_it_was, published = rows(warehouse.link), warehouse.published()
    of_work = "marts" not in fault
    DAMAGE[fault](warehouse)
    with duckdb.connect(str(published if of_work else warehouse.version(OLDER)), read_only=True) as reader:
        done = run(company, warehouse)
        assert reader.execute("select count(*) from scores").fetchone() == (2,)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_said(fault, done)
    assert [line["result"] for line in journal(warehouse)] == ["published", "failed", "published"]
    assert warehouse.published() != published and rows(warehouse.link) == as_it_was
    kept = list(warehouse.logs.glob("*/damaged_work.duckdb"))
    assert len(kept) == of_work
    assert OLDER in done.stdout or of_work
    if of_work:
        assert oct(kept[0].stat().st_mode & 0o777) == "0o600" and str(kept[0]) in done.stdout


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Makes the folder a disk of its own of 100 MB. Yields whether that was allowed, and else leaves a plain folder."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100m", "none", folder]
    is_mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", folder], check=True)


@contextmanager
def full_disk(company: Path, warehouse: Warehouse, room: int, given: str = "") -> Iterator[Stop]:
    """Leaves so many bytes of room; where nobody may make a disk, for each file."""
    with small_disk(warehouse.folder.with_name("disk")) as is_mounted:
        moved = Warehouse(shutil.move(warehouse.folder, warehouse.folder.with_name("disk")))
        filler = moved.folder.with_name("filler")
        if is_mounted:
            filler.write_bytes(bytes(shutil.disk_usage(moved.folder).free - room))
        limit = None if is_mounted else partial(resource.setrlimit, resource.RLIMIT_FSIZE, (room, room))
        yield Stop(moved, given=given, limit=limit)
        filler.unlink(missing_ok=True)
        assert_builds(company, moved)


@contextmanager
def little_memory(company: Path, warehouse: Warehouse) -> Iterator[Stop]:
    """A model that needs more than the profile allows."""
    yield Stop(warehouse, given="listed: 10000000")
    assert_builds(company, warehouse)


@contextmanager
def another_build(_: Path, warehouse: Warehouse) -> Iterator[Stop]:
    """Holds the lock, which goes with the process that has it, whatever it leaves in the file."""
    with warehouse.locked():
        yield Stop(warehouse, exit_code=3)
    assert "process" in warehouse.lock.read_text()
    with warehouse.locked():
        pass


@contextmanager
def another_program(_: Path, warehouse: Warehouse) -> Iterator[Stop]:
    """Has the work database open, which is no damage."""
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, warehouse.work_db]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        program.stdout.readline()
        yield Stop(warehouse)
        program.stdin.close()
    assert not list(warehouse.logs.glob("*/damaged*"))


@contextmanager
def read_only(_: Path, warehouse: Warehouse) -> Iterator[Stop]:
    """Lets nobody write; root may write anywhere but to a disk that may only be read."""
    with small_disk(warehouse.folder.with_name("disk")) as is_mounted:
        moved = Warehouse(shutil.move(warehouse.folder, warehouse.folder.with_name("disk")))
        if is_mounted:
            subprocess.run(["mount", "-o", "remount,ro", moved.folder.parent], check=True)
        elif os.geteuid() == 0:
            pytest.skip("Root may write to any folder, and may make no disk here.")
        else:
            moved.folder.chmod(0o500)
        try:
            yield Stop(moved)
        finally:
            # Else nobody could remove it.
            is_mounted or moved.folder.chmod(0o700)


STOPS = {
    "the disk fills before dbt starts": partial(full_disk, room=100_000),
    "the disk fills while dbt runs": partial(full_disk, room=3_000_000, given="stored: 500000"),
    "there is not enough memory": little_memory,
    "a second build while one runs": another_build,
    "another program has the work database open": another_program,
    "the folder cannot be written": read_only,
}


@pytest.mark.parametrize("fault", STOPS)
def test_what_stops_a_build_is_said_and_leaves_the_old_marts(fault, company, warehouse):
    with STOPS[fault](company, warehouse) as stop:
        published = stop.warehouse.published()
        done = run(company, stop.warehouse, stop.given, stop.limit)
        assert done.returncode == stop.exit_code, done.stdout + done.stderr
        assert_said(fault, done)
        assert f"{stop.warehouse.link} is still the build of" in done.stderr
        assert stop.warehouse.published() == published
        assert rows(stop.warehouse.link) == rows(company / "warehouse" / warehouse.link.name)


def test_a_dbt_that_is_killed_is_said(company):
    run = DbtRun(returncode=-signal.SIGKILL)
    run.tail.append("last words")
    (problem,) = failures([], run, company, lambda _: [])
    assert str(problem) == f"- {SAID['dbt is killed, by a kernel short of memory, say']}\n    last words"


def test_a_write_ahead_log_that_is_cut_short_is_read_as_far_as_it_goes(company, warehouse):
    leave_log(warehouse, cut_to=0.8)
    assert_builds(company, warehouse)
    with duckdb.connect(str(warehouse.work_db), read_only=True) as connection:
        found = connection.execute(
            "select table_name from duckdb_tables() where table_name in ('one', 'two')"
        ).fetchall()
    assert found == [("one",)]
    assert not list(warehouse.logs.glob("*/damaged*"))


def test_a_clock_that_is_set_back_neither_hides_nor_sweeps_away_a_build(company, warehouse):
    ahead = [f"20990101T00000{number}Z-000000" for number in range(3)]
    for build_id in ahead:
        shutil.copytree(warehouse.version(OLDER).parent, warehouse.versions / build_id)
        (warehouse.logs / build_id).mkdir()
    warehouse.link.unlink()
    warehouse.link.symlink_to(warehouse.version(ahead[-1]).relative_to(warehouse.folder))
    done = run(company, warehouse)
    assert done.returncode == 0, done.stderr
    assert_said("the clock is set back", done)
    published = warehouse.published().parent.name
    assert published < ahead[0] and (warehouse.logs / published).is_dir()
    # What was published before stays for those who are about to open it; then the others go first.
    assert ahead[-1] in warehouse.kept()
    warehouse.sweep(keep=3)
    assert len(warehouse.kept()) == 3 and set(warehouse.kept()) & set(ahead) == set()


def test_the_docs_have_all_faults_and_no_others():
    of_their_own = {"its write-ahead log is cut short", "dbt is killed, by a kernel short of memory, say"}
    of_their_own |= {"the clock is set back", "the build is killed (`kill -9`, power)"}  # the latter in test_publish.py
    assert set(SAID) == {*DAMAGE, *STOPS, *of_their_own}
