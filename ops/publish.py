"""Publishing: one build at a time, into a new file, audited, then swapped in under the link that readers open.

Readers hold files open for as long as they like, so a file that was published is never written or renamed over again.
"""

import errno
import fcntl
import os
import shutil
import socket
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TextIO

import duckdb

from ops import journal
from ops.messages import BuildError

# A mart that reads a file or another database would break, or leak, on a reader's machine.
SEALED = {"enable_external_access": "false", "lock_configuration": "true"}
# BI drivers lag behind: the newest storage version that a published file may need.
STORAGE_VERSION = (1, 5, 0)
# What readers open; and what is kept from build to build, which views of the first read.
SCHEMAS = ("main", "main_history")
STAMP = """
    count(as_of_date), min(as_of_date), max(as_of_date),
    min(coalesce(build_id, 'null')), max(coalesce(build_id, 'null'))
"""
STAMPED = {"build_id", "as_of_date"}
COUNTS = ("raw_rows", "accepted", "duplicates", "rejected", "erased")


class Warehouse:
    """The paths of one warehouse folder. Readers open `link`; what lies in `work` is private."""

    def __init__(self, folder: Path):
        self.folder = Path(os.path.abspath(folder))
        self.link = self.folder / "customer_scores.duckdb"
        self.versions = self.folder / "versions"
        self.journal = self.folder / "builds.jsonl"
        self.work = self.folder / "work"
        self.work_db = self.work / "work.duckdb"
        self.building = self.work / "building.duckdb"
        self.lock = self.work / "lock"
        self.project = self.work / "project"
        self.target = self.work / "target"
        self.logs = self.work / "logs"
        self.mended = self.work / "mended"
        self.project_digest = self.work / "project_digest"
        self.exported = self.folder / "export"
        self.report = self.folder / "report.html"

    @property
    def databases(self) -> dict[str, str]:
        """What tells dbt, run in `work`, where it builds: by a path it would parse the project anew in each folder."""
        return {"CUSTOMER_SCORES_WORK": self.work_db.name, "CUSTOMER_SCORES_MARTS": self.building.name}

    def version(self, build_id: str) -> Path:
        """Where the marts of a build lie once they are published."""
        # DuckDB names a database after the file behind the link: the same name in every version, so that
        # `customer_scores.main.dim_customers` works whoever opens it.
        return self.versions / build_id / self.link.name

    def published(self) -> Path | None:
        """The file behind the link, or None where nothing has been published."""
        target = self.link.resolve()
        return target if self.link.is_symlink() and target.is_file() else None

    def published_entry(self) -> dict:
        """The journal's line of the build that made what readers see; empty where there is none."""
        published = self.published()
        build_id = published.parent.name if published else None
        entries = (entry for entry in journal.read(self.journal) if entry.get("build_id") == build_id)
        return next(entries, {})

    def status(self) -> str:
        """A sentence that says which build readers see."""
        published = self.published()
        if published is None:
            return "Nothing was published; no marts have been published yet."
        return f"Nothing was published; {self.link} is still the build of {built_at(published.parent.name)}."

    def prepare(self) -> None:
        """Creates the folders. Raises BuildError where something else has the link's name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(self.link) and not self.link.is_symlink():
            raise BuildError(f"{self.link} is not a link that a build made: move it away, or choose another WAREHOUSE.")
        if not self.versions.is_dir():
            self.versions.mkdir()
            self.versions.chmod(0o755)
        for folder in (self.folder, self.versions):
            if not os.access(folder, os.W_OK):
                # Else a whole build would be made before it is found that it cannot be published.
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        self.work.mkdir(exist_ok=True)
        self.work.chmod(0o700)

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Holds the lock of the warehouse and yields its file descriptor. Raises BuildError (3) where another has it.

        The lock is the kernel's, so a dead process holds none; the text in the file only says who holds it.
        """
        with self.lock.open("a+") as file:
            try:
                _lock(file)
            except BlockingIOError as error:
                file.seek(0)
                holder = file.read().strip() or "a process that has just started"
                message = f"Another command writes {self.folder}: {holder}. Wait until it has ended."
                raise BuildError(message, 3) from error
            file.truncate(0)
            now = datetime.now(UTC)
            file.write(f"process {os.getpid()} on {socket.gethostname()}, since {now:%Y-%m-%d %H:%M:%S} UTC")
            file.flush()
            yield file.fileno()

    def holder(self) -> str | None:
        """Who holds the lock, or None where nobody does. Looks for an instant and writes nothing."""
        if not self.lock.exists():
            return None
        with self.lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().strip() or "a process that has just started"
        return None

    def start_marts(self, full_refresh: bool) -> None:
        """Makes `building` a copy of the published marts, or leaves it absent at the first build or a full refresh."""
        self.discard_building()
        published = None if full_refresh else self.published()
        if published:
            shutil.copyfile(published, self.building)
            self.building.chmod(0o600)

    def discard_building(self) -> None:
        """Removes what a build leaves that did not publish, and copies of raw files, which erasure would not reach."""
        shutil.rmtree(self.mended, ignore_errors=True)
        for leftover in self.work.glob(self.building.name + "*"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()

    def publish(self, build_id: str) -> Path:
        """Moves `building` to its version and, last of all, shows it to readers. May raise OSError."""
        version = self.version(build_id)
        version.parent.mkdir()
        version.parent.chmod(0o755)
        self.building.chmod(0o444)
        sync(self.building)
        os.rename(self.building, version)
        sync(version.parent)
        sync(self.versions)
        self.show(build_id)
        return version

    def show(self, build_id: str) -> None:
        """Points the link to the version of a build, at once. May raise OSError, and then the link is as before."""
        # Somebody who opened the link for writing may have left one, and it would block every open of the new file.
        Path(f"{self.link}.wal").unlink(missing_ok=True)
        temporary = self.folder / f".{self.link.name}.{build_id}"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(self.version(build_id).relative_to(self.folder))
        os.replace(temporary, self.link)
        try:
            sync(self.folder)
        except OSError as error:
            # Readers see it by now: to call this a failure would be wrong.
            print(
                f"Warning: readers see version {build_id}, but the disk did not confirm the link ({error}): after a "
                "power cut they may see the version before. Look after the disk.",
                file=sys.stderr,
            )

    def kept(self) -> list[str]:
        """The builds whose versions are kept, newest first: ids begin with the time."""
        return sorted((file.parent.name for file in self.versions.glob(f"*/{self.link.name}")), reverse=True)

    def forget(self) -> None:
        """Removes all that is kept from former builds, and what was exported or reported here, but for the marts that
        readers see.

        A file into which this very process prints stays: a schedule begins it anew with each build.
        """
        printed = [os.fstat(descriptor) for descriptor in (1, 2)]
        for path in list(self.work.iterdir()):
            if path == self.lock or any(os.path.samestat(path.lstat(), output) for output in printed):
                continue
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for exported in (self.exported, *self.folder.glob(f".{self.exported.name}.*")):
            if exported.is_dir():
                shutil.rmtree(exported)
        for report in (self.report, *self.folder.glob(f".{self.report.name}.*")):
            report.unlink(missing_ok=True)
        self.sweep(keep=0)

    def sweep(self, keep: int, spared: Collection[str] = ()) -> None:
        """Removes leftovers of dead builds, and old versions and logs: the last `keep` and the published one stay.

        So do the last log and builds with an id in `spared`, however old they look.
        """
        for temporary in self.folder.glob(f".{self.link.name}.*"):
            temporary.unlink()
        published = self.published()
        seen = published.parent.name if published else ""
        # What looks newer than what readers see was never published, or its clock was ahead: it goes first.
        last = sorted(self.kept(), key=lambda build_id: (build_id <= seen, build_id), reverse=True)[:keep]
        for version in self.versions.iterdir():
            if version.name not in {seen, *last, *spared}:
                shutil.rmtree(version)
        for log in sorted(self.logs.glob("*"), reverse=True)[max(keep, 1) :]:
            if log.name not in spared:
                shutil.rmtree(log)


@dataclass(frozen=True)
class Audit:
    """What an audited marts file holds: rows by table, and counts by raw table."""

    as_of_date: date
    rows: dict[str, int]
    reconciliation: dict[str, dict[str, int]]

    @property
    def rejected(self) -> int:
        """Rejected rows of all raw tables."""
        return sum(count["rejected"] for count in self.reconciliation.values())

    def figures(self) -> dict:
        """What the journal says of the file."""
        return {
            "as_of_date": str(self.as_of_date),
            "tables": self.reconciliation,
            "rejected": self.rejected,
            "rows": self.rows,
        }


def audit(marts: Path, build_id: str) -> Audit:
    """Reads a finished marts file whole.

    Raises BuildError (4) unless each table that readers open is of this build and of one `as_of_date`, no raw row
    was lost, every column of every table can be read, and BI drivers can open the file.
    """
    if not marts.is_file():
        raise BuildError("dbt succeeded, but made no marts file.", 4)
    if Path(f"{marts}.wal").exists():
        raise BuildError(
            "dbt left a write-ahead log beside the marts: it could not close them. Is the disk full? "
            "Free some space and build again.",
            4,
        )
    try:
        with duckdb.connect(str(marts), read_only=True, config=SEALED) as connection:
            problems, result = _audit(connection, build_id)
    except duckdb.Error as error:
        raise BuildError(f"The new marts cannot be read whole: {str(error).splitlines()[0]}", 4) from error
    if problems:
        raise BuildError("\n- ".join(["The new marts did not pass the audit:", *problems]), 4)
    return result


def check_whole(version: Path, build_id: str) -> tuple[dict[str, int], date | None]:
    """Reads a version that was published before, maybe by other code, whose tables may differ from those of now.

    Returns its rows by table and its `as_of_date`. Raises BuildError (4) unless each column of each table can be read,
    and all that is stamped is of this build.
    """
    try:
        with duckdb.connect(str(version), read_only=True, config=SEALED) as connection:
            problems, rows, days = _read_whole(connection, _relations(connection), build_id)
        if not days:
            problems.append("no row says which build it is of.")
    except duckdb.Error as error:
        problems = [f"it cannot be read whole: {str(error).splitlines()[0]}"]
    if problems:
        said = "\n- ".join([f"Version {build_id} cannot be shown:", *problems])
        raise BuildError(f"{said}\nChoose another one.", 4)
    return rows, max((day for day in days if day), default=None)


def _audit(connection: duckdb.DuckDBPyConnection, build_id: str) -> tuple[list[str], Audit]:
    relations = _relations(connection)
    old_stamps, rows, days = _read_whole(connection, relations, build_id)
    advice = "If the project no longer makes this table, build once with --full-refresh."
    problems, reconciliation = [f"{problem} {advice}" for problem in old_stamps], {}
    for schema, table, _, columns in relations:
        if schema not in SCHEMAS:
            problems.append(f"{schema}.{table} is in the file, where only {' and '.join(SCHEMAS)} belong.")
        elif schema == SCHEMAS[0] and not set(columns) >= STAMPED:
            problems.append(f"{table} lacks the column build_id or as_of_date.")
    if len(days) != 1 or None in days:
        problems.append(f"All rows must have one as_of_date; found: {', '.join(sorted(map(str, days))) or 'none'}.")
    if not rows.get("row_reconciliation"):
        problems.append("row_reconciliation has no rows: nothing shows that no raw row was lost.")
    else:
        for source, raw, *parts in connection.execute(f"""
            select source_table, {", ".join(COUNTS)} from row_reconciliation order by source_table
        """).fetchall():
            reconciliation[source] = dict(zip(COUNTS, (raw, *parts), strict=True))
            if None in (raw, *parts) or raw != sum(parts):
                problems.append(f"{source} has {raw} raw rows, but accounts for {' + '.join(map(str, parts))}.")
    (storage,) = connection.execute(
        "select tags['storage_version'] from duckdb_databases() where database_name = current_database()"
    ).fetchone()
    if tuple(int(part) for part in storage.strip("v+").split(".")) > STORAGE_VERSION:
        problems.append(f"BI drivers cannot read storage version {storage}: attach the file with v1.5.0.")
    return problems, Audit(next(iter(days), None), rows, reconciliation)


def _relations(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, bool, list[str]]]:
    """Schema, name, whether it is a view, and columns of all that is in the file."""
    return connection.execute("""
        select table_schema, table_name, table_type = 'VIEW', list(column_name order by ordinal_position)
        from information_schema.tables
        join information_schema.columns using (table_catalog, table_schema, table_name)
        where table_catalog = current_database() group by all order by all
    """).fetchall()


def _read_whole(
    connection: duckdb.DuckDBPyConnection, relations: list[tuple[str, str, bool, list[str]]], build_id: str
) -> tuple[list[str], dict[str, int], set[date | None]]:
    """Reads every value. Returns what is wrong with the stamps, the rows of each table, and each `as_of_date` found."""
    problems, rows, days = [], {}, set()
    for schema, table, is_view, columns in relations:
        is_stamped = set(columns) >= STAMPED
        if is_view:
            # A view has no rows of its own to be damaged or of another build: that it can be bound is enough.
            connection.execute(f'select * from "{schema}"."{table}" limit 0')
            continue
        stamp = STAMP if is_stamped else "null, null, null, null, null"
        name = table if schema == SCHEMAS[0] else f"{schema}.{table}"
        rows[name], *found = connection.execute(f"""
            select count(*), {stamp}, {checksums(columns)} from "{schema}"."{table}"
        """).fetchone()[:6]
        if rows[name] and is_stamped:
            dated, first_day, last_day, *build_ids = found
            days |= {first_day, last_day} if dated == rows[name] else {None}
            if set(build_ids) != {build_id}:
                found_builds = " and ".join(sorted(set(build_ids)))
                problems.append(f"{name} has rows of build {found_builds}, where all must be of {build_id}.")
    return problems, rows, days


def built_at(build_id: str) -> str:
    """When a build began, for people; the id itself where it tells no time."""
    try:
        return f"{datetime.strptime(build_id[:16], '%Y%m%dT%H%M%SZ')} UTC"
    except ValueError:
        return build_id


def _lock(file: TextIO) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # `holder` may have looked in this very instant.
        time.sleep(0.1)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def checksums(columns: list[str]) -> str:
    """SQL that reads every value of some columns, at least one."""
    return ", ".join('bit_xor(hash("{}"))'.format(name.replace('"', '""')) for name in columns)


def sync(path: Path) -> None:
    """Returns when what was written to a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
