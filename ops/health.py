"""The checks of `make doctor` that look at a warehouse. They read, and never write."""

import csv
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb

from ops import journal
from ops.erasures import Erasures
from ops.messages import BuildError, plain
from ops.publish import SEALED, Warehouse, built_at

# How ids of builds begin.
BUILD_TIME = "%Y%m%dT%H%M%SZ"
RESULTS = ("published", "failed", "rolled_back")
Finding = tuple[str, str, str]


def check(folder: Path, max_age_hours: float | None = None, now: datetime | None = None) -> list[Finding]:
    """What is to say of the warehouse `folder`: (OK, WARN or FAIL; subject; sentence), in a fixed order.

    With `max_age_hours` marts that were built longer ago are a failure. `now` is the time in UTC, for tests.
    """
    warehouse, now = Warehouse(folder), (now or datetime.now(UTC)).replace(tzinfo=None)
    checks: dict[str, Callable[[], list[tuple[str, str]]]] = {
        "disk": partial(_disk, warehouse),
        "lock": partial(_lock, warehouse),
        "last build": partial(_last_build, warehouse, now),
        "erasures": partial(_erasures, warehouse),
        "readers": partial(_readers, warehouse, now, max_age_hours),
        "sources": partial(_sources, warehouse),
        "leftovers": partial(_leftovers, warehouse),
        "file modes": partial(_modes, warehouse),
    }
    findings = []
    for subject, look in checks.items():
        try:
            found = look()
        except OSError as error:
            found = [("WARN", f"cannot be looked at ({error}): ask as the user who builds")]
        findings += [(level, subject, plain(text).replace("\n", " ")) for level, text in found]
    return findings


def _disk(warehouse: Warehouse) -> list[tuple[str, str]]:
    """A build writes new marts beside those that readers see, and may write each table of the work database anew."""
    published = warehouse.published()
    marts = published.stat().st_size if published else 0
    work = warehouse.work_db.stat().st_size if warehouse.work_db.is_file() else 0
    place = next(path for path in (warehouse.folder, *warehouse.folder.parents) if path.is_dir())
    free, needed = shutil.disk_usage(place).free, 2 * (work + marts)
    if not needed:
        return [("OK", f"{free / 1e9:,.1f} GB free")]
    need = f"a build may need {needed / 1e9:,.1f} GB (twice the work database and the marts)"
    text = f"{free / 1e9:,.1f} GB free, {need}"
    return [("OK", text) if free >= needed else ("FAIL", f"{text}: make room, or choose another WAREHOUSE")]


def _lock(warehouse: Warehouse) -> list[tuple[str, str]]:
    holder = warehouse.holder()
    return [("OK", f"held: a command writes ({holder})" if holder else "free")]


def _last_build(warehouse: Warehouse, now: datetime) -> list[tuple[str, str]]:
    entries = [entry for entry in journal.read(warehouse.journal) if entry.get("result") in RESULTS]
    known = {entry.get("build_id") for entry in entries}
    # Each build that lives to its end writes its line, whatever became of it. One that was ended before the last line
    # has been made good, or has its line in a journal that was moved away.
    last_known = _written(entries[-1]) if entries else max(warehouse.kept(), default="")[:16]
    logs = (log.name for log in warehouse.logs.glob("*"))
    unfinished = [log for log in logs if log not in known and log[:16] > last_known]
    if unfinished and not warehouse.holder():
        text = f"the build of {built_at(max(unfinished))} was ended before it could say how it went"
        return [("FAIL", f"{text} (killed, no memory, the machine went down?): build again")]
    if not entries:
        return [("WARN", f"nothing has been built in {warehouse.folder} yet: make build")]
    last = entries[-1]
    when = f"{_ago(now - datetime.fromisoformat(last['started_at']).replace(tzinfo=None))} ago ({last['build_id']})"
    if last["result"] == "published":
        raw_rows, rejected = (sum(n[key] for n in last["tables"].values()) for key in ("raw_rows", "rejected"))
        return [("OK", f"published {when}, up to {last['as_of_date']}; {rejected:,} of {raw_rows:,} rows rejected")]
    if last["result"] == "rolled_back":
        text = f"rolled back {when}: mend what was wrong and build, or the next build publishes it again"
        return [("WARN", text)]
    text = f"failed {when}, and readers see what they saw before: {last['message']} Mend that and build again"
    return [("FAIL", text)]


def _erasures(warehouse: Warehouse) -> list[tuple[str, str]]:
    try:
        pending = Erasures(warehouse).pending()
    except BuildError as error:
        return [("FAIL", str(error))]
    if not pending:
        return [("OK", "no request to erase is open")]
    requests = "1 request to erase is" if len(pending) == 1 else f"{len(pending)} requests to erase are"
    text = f"{requests} open since {min(request['requested_at'] for request in pending)}"
    if warehouse.holder():
        return [("WARN", f"{text}, and a command writes: a build carries out what is open")]
    return [("FAIL", f"{text}: build, which carries them out")]


def _readers(warehouse: Warehouse, now: datetime, max_age_hours: float | None) -> list[tuple[str, str]]:
    published = warehouse.published()
    if published is None:
        if warehouse.link.is_symlink():
            return [("FAIL", f"{warehouse.link} leads to no file: make versions, then make rollback, or build")]
        if warehouse.link.exists():
            return [("FAIL", f"{warehouse.link} is not a link that a build made: move it away and build")]
        return [("WARN", "see nothing: no marts have been published yet")]
    build_id = published.parent.name
    try:
        (as_of_date,) = _ask(warehouse, "select max(as_of_date) from row_reconciliation")[0]
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        return [("FAIL", f"cannot open {warehouse.link} ({reason}): make rollback, or build with --full-refresh")]
    text = f"see the build of {built_at(build_id)}, up to {as_of_date}"
    began = _began(build_id)
    if began is None:
        return [("OK", text)]
    age = now - began
    if max_age_hours is not None and age > timedelta(hours=max_age_hours):
        return [("FAIL", f"{text}, {_ago(age)} old, which is more than {max_age_hours:g} hours: was a build missed?")]
    return [("OK", f"{text}, {_ago(age)} old")]


def _sources(warehouse: Warehouse) -> list[tuple[str, str]]:
    """How old the newest rows were when the build that readers see began, by the limits of the last build's settings.

    How long ago that was is told of the readers: where all is well it is a day, which no limit has to allow for.
    """
    published = warehouse.published()
    began = _began(published.parent.name) if published else None
    if began is None:
        return []
    try:
        rows = _ask(warehouse, "select source_table, last_loaded_at from row_reconciliation order by source_table")
    except duckdb.Error:
        return [("WARN", "the published marts do not tell how fresh they are: build once")]
    limits_file = warehouse.project / "seeds" / "freshness_limits.csv"
    limits = {}
    if limits_file.is_file():
        with limits_file.open(encoding="utf-8", newline="") as file:
            limits = {row["source_table"]: row for row in csv.DictReader(file)}
    found = []
    for table, last_loaded_at in rows:
        limit = limits.get(table, {})
        warn, fail = (float(limit.get(f"{level}_after_hours") or "inf") for level in ("warn", "fail"))
        age = began - last_loaded_at if last_loaded_at else timedelta.max
        hours = age / timedelta(hours=1)
        level = "FAIL" if hours > fail else "WARN" if hours > warn else "OK"
        text = f"{table}: no row tells its age"
        if last_loaded_at:
            text = f"{table}: the newest row came {_ago(age)} before the build that readers see"
        if level != "OK":
            text += f", more than the {fail if level == 'FAIL' else warn:g} hours of freshness_limits.csv"
            text += ": look at what delivers it, then build"
        found.append((level, text))
    return found


def _leftovers(warehouse: Warehouse) -> list[tuple[str, str]]:
    wal = Path(f"{warehouse.link}.wal")
    if wal.exists():
        text = f"{wal} keeps readers from opening the marts: somebody opened them for writing. Remove it"
        return [("FAIL", text)]
    if warehouse.holder():
        return [("OK", "not looked for while a command writes")]
    left = [*warehouse.work.glob(f"{warehouse.building.name}*"), *warehouse.folder.glob(f".{warehouse.link.name}.*")]
    left += [folder for folder in warehouse.versions.glob("*") if folder.name not in warehouse.kept()]
    if left:
        return [("WARN", f"{', '.join(map(str, left))}: left by a build that was ended; the next build removes them")]
    return [("OK", "none")]


def _modes(warehouse: Warehouse) -> list[tuple[str, str]]:
    found = []
    for path in (warehouse.work, warehouse.work_db):
        if path.exists() and path.stat().st_mode & 0o077:
            found.append(("FAIL", f"others can open {path}, which holds raw data: chmod go= '{path}'"))
    published = warehouse.published()
    if published and published.stat().st_mode & 0o222:
        found.append(("WARN", f"{published} can be written, and readers hold it open: chmod a-w '{published}'"))
    if published and not published.stat().st_mode & 0o044:
        found.append(("WARN", f"nobody but its owner can read {published}: chmod a+r '{published}'"))
    return found or [("OK", "work is private, marts can be read and not written" if published else "nothing yet")]


def _ask(warehouse: Warehouse, query: str) -> list[tuple]:
    with duckdb.connect(str(warehouse.link), read_only=True, config=SEALED) as connection:
        return connection.execute(query).fetchall()


def _began(build_id: str) -> datetime | None:
    """When a build began, UTC; None where its id does not tell."""
    try:
        return datetime.strptime(build_id[:16], BUILD_TIME)
    except ValueError:
        return None


def _written(entry: dict) -> str:
    """When what a journal's line tells of began, as an id of a build begins."""
    return datetime.fromisoformat(entry["started_at"]).strftime(BUILD_TIME)


def _ago(age: timedelta) -> str:
    minutes = int(age / timedelta(minutes=1))
    for unit, length in (("days", 60 * 24), ("hours", 60)):
        if minutes >= 2 * length:
            return f"{minutes // length} {unit}"
    return f"{minutes} minutes"
