"""Turns what dbt reports into sentences for people."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from ops.damage import DAMAGE
from ops.messages import plain
from ops.run_dbt import DbtRun

ROWS_SHOWN = 5
FRAME = re.compile(r"(?:\w+ )+Error(?: in (?P<where>.+))?")
UNREADABLE_CSV = re.compile(r"CSV Error on Line: (?P<line>\d+)|Error when sniffing file \"(?P<file>.+)\"\.")
UNREADABLE_PARQUET = re.compile(r"(?P<quote>['\"])(?P<file>.+?[.]parquet)(?P=quote)", re.IGNORECASE)
FAULT = re.compile(r"INTERNAL Error: (?P<fault>.+)")
FIRST_ERROR = re.compile(r"database has been invalidated[^\"]*Original error: \"(?P<first>.+)\"")
NO_ROOM = re.compile("No space left on device|Disk quota exceeded|File too large|max_temp_directory_size")
NO_MEMORY = re.compile("Out of Memory Error: (?P<what>.+)|Cannot allocate memory|MemoryError")
RAISED_IN = re.compile(r"> in macro \S+ \((?P<path>.+)\)")


@dataclass(frozen=True)
class Problem:
    """What went wrong. `details` may quote data, so they are shown and not kept; `headline` is kept in the journal."""

    headline: str
    details: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(["- " + self.headline.replace("\n", "\n  "), *(f"    {line}" for line in self.details)])


def read_results(target: Path) -> list[dict]:
    """The results of dbt's last run, one per node; empty where it ended before it could write them."""
    try:
        return json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    except (FileNotFoundError, ValueError):
        return []


def engine_seconds(results: list[dict]) -> float:
    """Seconds during which at least one node was at work, so that nodes at work side by side count once."""
    spans = sorted(
        (datetime.fromisoformat(step["started_at"]), datetime.fromisoformat(step["completed_at"]))
        for result in results
        for step in result["timing"]
    )
    seconds, reached = 0.0, spans[0][0] if spans else None
    for start, end in spans:
        if end > reached:
            seconds += (end - max(start, reached)).total_seconds()
            reached = end
    return seconds


def failing_rows(work_db: Path, marts: Path, query: str | None) -> list[str]:
    """The first rows that a test found, one line each; the text of the column `problem` where the test has one.

    Opens both databases for reading only. Empty where the rows cannot be read: the test's name has to do then.
    """
    try:
        with duckdb.connect(str(work_db), read_only=True) as connection:
            if marts.is_file():
                quoted = str(marts).replace("'", "''")
                connection.execute(f"attach '{quoted}' as customer_scores (read_only)")
            found = connection.execute(f"select * from (\n{query}\n) limit {ROWS_SHOWN}")
            columns = [column[0] for column in found.description]
            rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    except duckdb.Error:
        return []
    return rows_as_text(rows)


def rows_as_text(rows: list[dict]) -> list[str]:
    """A line for each row that a test found: the text of its column `problem` where it has one, else all values."""
    return [
        plain(str(row["problem"]) if "problem" in row else ", ".join(f"{name} = {row[name]}" for name in row), 300)
        for row in rows
    ]


def is_fault(message: str) -> bool:
    """Whether what dbt says of a node, or at its end, tells of a fault of DuckDB's own, not of disk, memory or file."""
    if any(cause.search(message) for cause in (NO_ROOM, NO_MEMORY, DAMAGE)):
        return False
    return bool(FAULT.search(message) or FIRST_ERROR.search(message))


def failures(results: list[dict], run: DbtRun, project: Path, rows_of: Callable[[str], list[str]]) -> list[Problem]:
    """Why dbt failed, each reason once: what stopped it outside of any node, then the nodes that failed."""
    found = [_error(error, project) for error in run.errors]
    for result in results:
        if result["status"] == "fail":
            found.append(_test("Test failed: ", result, rows_of))
        elif result["status"] in ("error", "runtime error", "partial success"):
            found.append(_error(result["message"] or f"{result['unique_id']} failed", project))
    if not found:
        end = f"was killed by signal {-run.returncode}" if run.returncode < 0 else f"ended with code {run.returncode}"
        headline = f"dbt {end} and gave no reason. Was there enough memory and disk?"
        found = [Problem(headline, [plain(line) for line in run.tail])]
    return list({problem.headline: problem for problem in found}.values())


def warnings(results: list[dict], rows_of: Callable[[str], list[str]]) -> list[Problem]:
    """What dbt's tests of severity warn found."""
    return [_test("", result, rows_of) for result in results if result["status"] == "warn"]


def _test(prefix: str, result: dict, rows_of: Callable[[str], list[str]]) -> Problem:
    name, count = result["unique_id"].split(".")[2].replace("_", " "), result["failures"] or 0
    rows = rows_of(result["compiled_code"]) if result["compiled_code"] else []
    more = [f"... and {count - ROWS_SHOWN} more"] if rows and count > ROWS_SHOWN else []
    return Problem(f"{prefix}{name} ({count} {'row' if count == 1 else 'rows'})", rows + more)


def _error(message: str, project: Path) -> Problem:
    """A dbt error without dbt's frame: the sentence alone where the project raised it, else with the place."""
    lines = [line.strip() for line in plain(message, 4000).splitlines() if line.strip()]
    frame = FRAME.fullmatch(lines[0])
    where = frame["where"] if frame else None
    raised_in = next((match["path"] for match in map(RAISED_IN.fullmatch, lines) if match), None)
    fault, first = FAULT.search(message), FIRST_ERROR.search(message)
    if NO_ROOM.search(message):
        return Problem("The disk is full: DuckDB could not write. Free some space and build again.")
    if NO_MEMORY.search(message):
        return Problem(
            "There was not enough memory. Close other programs, or build with --threads 1, which needs less."
        )
    if fault:
        return Problem(f"DuckDB failed by a fault of its own ({fault['fault']}): run the build again.")
    if first:
        # One statement met it, and all that came after it failed too.
        return Problem(f"DuckDB gave up: {first['first']}")
    unreadable = UNREADABLE_CSV.search(message)
    if unreadable:
        file = unreadable["file"] or next((line[7:] for line in lines if line.startswith("file = ")), "A CSV file")
        place = f"{file}, line {unreadable['line']}," if unreadable["line"] else file
        if file.endswith(".jsonl"):
            return Problem(f"{place} cannot be read as JSON lines: one object on each line, in UTF-8.")
        form = "values apart by commas, in UTF-8, each quote closed, each row whole and every line a row"
        return Problem(f"{place} cannot be read as CSV: {form}.")
    unreadable = UNREADABLE_PARQUET.search(message)
    if unreadable:
        return Problem(
            f"{unreadable['file']} cannot be read as Parquet: it is cut short or damaged. Deliver it again.",
            [plain(line) for line in lines[bool(frame) : bool(frame) + 1]],
        )
    body = [line for line in lines[bool(frame) :] if not line.startswith(("> in ", "> called by", "compiled code at"))]
    if where is None or (raised_in and (project / raised_in).is_file()):
        return Problem("\n".join(body) or lines[0])
    return Problem(f"{where[0].upper()}{where[1:]} failed", body[:10])
