"""What the engagement part costs, as multiples of one plain count: `python -m benchmarks.engagement`.

Makes a company (benchmarks.events), measures the unit U, builds the marts, builds them again with one more day of
events, lets pandas and Polars do the comparable part, and prints Markdown. U is
`select customer_id, occurred_at::date, event_type, count(*) group by all` over the same file with two threads, so that
the multiples hold on faster and slower machines, while nothing else runs on them.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks.events import DAYS, EVENTS_PER_CUSTOMER, write_company
from ops import build, explain, settings
from ops.publish import Warehouse

ROOT = Path(__file__).resolve().parents[1]
# "Ledger to distribution": these tables and everything that dbt needs to make them.
TARGETS = ["fct_activity_daily", "fct_engagement_scores", "segment_engagement", "engagement_distribution"]
# Highest values that the project promises: multiples of U, GB, seconds, and times the first size's seconds.
FIRST_BUILD_UNITS = 15
FIRST_BUILD_GB = 8
NEXT_DAY_UNITS = 1
NEXT_DAY_SECONDS = 15
GROWTH = 6 / 5  # times the growth of the events
SLOWEST_SHOWN = 10
# A unit that changes more between the start and the end of a run says that something else ran beside it.
UNIT_DRIFT = 1.15
PHASES = {
    "start": "settings, lock, copy of the published marts",
    "dbt": "dbt's import and parse, and what it does between models",
    "engine": "at least one model or test at work in DuckDB",
    "publish": "audit, fsync, rename, link",
}


@dataclass(frozen=True)
class Finished:
    """A command that ended: wall-clock seconds, GB of its largest process at its peak, exit code, what it printed."""

    seconds: float
    peak_gb: float
    returncode: int
    output: str


@dataclass(frozen=True)
class Build:
    """One build: the whole command, seconds by phase, and engine seconds.

    `needed` are the seconds in which at least one node that leads to TARGETS was at work, `everything` those of any
    node, tests too; of the former, `needed_sql` are those that DuckDB spent on their statements, without what dbt does
    around them. `slowest` are the nodes with the seconds that each took, most first.
    """

    command: Finished
    phases: dict[str, float]
    needed: float
    needed_sql: float
    everything: float
    slowest: list[tuple[str, float]]


@dataclass
class Measured:
    """All that was measured for one company; None where it was skipped."""

    events: int
    customers: int
    units: list[dict]
    first: Build | None = None
    next_day: Build | None = None
    dbt_start: float | None = None
    rows: dict[str, int] | None = None
    points: float | None = None
    alternatives: dict[str, Finished] | None = None

    @property
    def unit(self) -> float:
        """Seconds of U: the mean of what was measured at the start and at the end."""
        return statistics.mean(unit["seconds"] for unit in self.units)


def run(command: list[str], environment: dict[str, str] | None = None, folder: Path = ROOT) -> Finished:
    """Runs a command in a folder to its end and measures it, with all processes that it started."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        began = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            # Unlike getrusage(RUSAGE_CHILDREN), this tells the memory of this command from that of those before it.
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        kilobyte = 1 if sys.platform == "darwin" else 1024
        return Finished(seconds, usage.ru_maxrss * kilobyte / 1e9, process.returncode, output.read())


def measure_unit(folder: Path) -> dict:
    """U in a fresh process: its median seconds, and DuckDB's version."""
    finished = run([sys.executable, "-m", "benchmarks.alternatives", "unit", str(folder)])
    if finished.returncode:
        sys.exit(f"The unit cannot be measured:\n{finished.output}")
    return json.loads(finished.output.splitlines()[-1])


def measure_build(raw: Path, warehouse: Warehouse, targets: Sequence[str] = TARGETS, after: str | None = None) -> Build:
    """One run of `python -m ops.build`. Ends the program, with what the build printed, where it fails.

    `needed` counts what leads to `targets`, and with `after` only what follows that model on the way.
    """
    command = [sys.executable, "-m", "ops.build", "--raw", str(raw), "--warehouse", str(warehouse.folder)]
    # One node at a time: each has the machine to itself, and no test slows down a model.
    command += ["--threads", "1"]
    finished = run(command)
    if finished.returncode:
        sys.exit(f"The build of {raw} failed with exit code {finished.returncode}:\n{finished.output}")
    results = explain.read_results(warehouse.target)
    manifest = json.loads((warehouse.target / "manifest.json").read_text(encoding="utf-8"))
    needed = needed_nodes(manifest, targets)
    if after:
        needed &= set(reached(manifest["child_map"], [f"model.customer_scores.{after}"])[1:])
    entry = warehouse.published_entry()
    by_time = sorted(results, key=lambda result: -result["execution_time"])
    return Build(
        command=finished,
        phases=entry["seconds"],
        needed=explain.engine_seconds([result for result in results if is_needed(result["unique_id"], needed)]),
        needed_sql=sum(
            seconds
            for node, seconds in sql_seconds(warehouse.logs / entry["build_id"] / "dbt.log").items()
            if is_needed(node, needed)
        ),
        everything=explain.engine_seconds(results),
        slowest=[(result["unique_id"].split(".")[2], result["execution_time"]) for result in by_time],
    )


def sql_seconds(log: Path) -> Counter[str]:
    """Seconds of SQL by node, from dbt's log of a build on one thread; what no node runs is named `operation.`."""
    seconds, node = Counter(), "operation."
    for line in log.read_text(encoding="utf-8").splitlines():
        if found := re.search(r"\[Thread-1 [^\[\]]*\]: Began running node (\S+)", line):
            node = found[1]
        elif found := re.search(r"\[([^\[\]]*)\]: SQL status: .* in ([\d.]+) seconds", line):
            seconds[node if found[1].startswith("Thread-1 ") else "operation."] += float(found[2])
    return seconds


def needed_nodes(manifest: dict, targets: Sequence[str]) -> set[str]:
    """The ids of the models named in `targets` and of all that they are made from. A target may be absent."""
    found = {
        id for id, node in manifest["nodes"].items() if node["resource_type"] == "model" and node["name"] in targets
    }
    absent = set(targets) - {manifest["nodes"][id]["name"] for id in found}
    if absent:
        print(f"No such models, so not counted: {', '.join(sorted(absent))}", file=sys.stderr)
    return set(reached(manifest["parent_map"], sorted(found)))


def reached(edges: dict[str, list[str]], start: list[str]) -> list[str]:
    """The nodes `start`, and after them all to which `edges` lead from there."""
    found = list(start)
    for node in found:
        found += [next_ for next_ in edges.get(node, []) if next_ not in found]
    return found


def is_needed(unique_id: str, needed: set[str]) -> bool:
    """Whether a node leads to TARGETS. What dbt runs at the start and at the end of a run is always needed."""
    return unique_id in needed or unique_id.startswith("operation.")


def dbt_start_seconds(raw: Path, warehouse: Warehouse) -> float:
    """Median seconds of three runs of dbt that import it, read the project as the next build will, and do nothing.

    Like a build, each has a build id of its own, and what dbt kept of the build before.
    """
    own = raw / "settings" if (raw / "settings").is_dir() else None
    dbt_vars = settings.read_vars(own, ROOT)
    seconds = []
    for number in range(3):
        target = warehouse.folder / "dbt_start"
        shutil.copytree(warehouse.target, target, ignore=shutil.ignore_patterns("compiled", "run"))
        command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "ls", "--select", "int_as_of"]
        command += ["--project-dir", str(warehouse.project), "--profiles-dir", str(warehouse.project)]
        command += [
            "--target-path",
            str(target),
            "--log-path",
            str(target),
            "--vars",
            json.dumps(dbt_vars, default=str),
        ]
        environment = build._environment(raw, warehouse, f"start-{number}", datetime.now(UTC))
        finished = run(command, environment, warehouse.work)
        shutil.rmtree(target)
        if finished.returncode:
            sys.exit(f"dbt does not start:\n{finished.output}")
        seconds.append(finished.seconds)
    return statistics.median(seconds)


def count_rows(marts: Path) -> tuple[dict[str, int], float]:
    """Rows of TARGETS in the published marts, and the sum of all points: other tools must find the same."""
    with duckdb.connect(str(marts), read_only=True) as connection:
        names = "select table_name from information_schema.tables where table_schema = 'main'"
        present = {name for (name,) in connection.execute(names).fetchall()}
        rows = {
            name: connection.execute(f"select count(*) from {name}").fetchone()[0]
            for name in TARGETS
            if name in present
        }
        (points,) = connection.execute("select sum(points) from fct_engagement_scores").fetchone()
    return rows, float(points)


def measure_company(folder: Path, events: int, customers: int, users: bool, skip: list[str]) -> Measured:
    """Makes the company in the empty folder `folder` and measures all that is not in `skip`."""
    say(f"Writing {events:,} events of {customers:,} customers to {folder}")
    write_company(folder, events, customers, users)
    # Else the disk is still at it while the unit is measured.
    os.sync()
    measured = Measured(events, customers, [measure_unit(folder)])
    raw, warehouse = folder / "raw", Warehouse(folder / "warehouse")
    # Before the builds, while the folder holds the same days for all.
    measured.alternatives = {}
    for tool in [tool for tool in ("pandas", "polars") if tool not in skip and not users]:
        say(f"{tool}: ledger and points")
        command = [sys.executable, "-m", "benchmarks.alternatives", tool, str(folder)]
        measured.alternatives[tool] = run(command)
    if "build" not in skip:
        say("First build")
        measured.first = measure_build(raw, warehouse)
        measured.rows, measured.points = count_rows(warehouse.link)
        if "next-day" not in skip:
            measured.dbt_start = dbt_start_seconds(raw, warehouse)
            say("One more day")
            shutil.copyfile(folder / "next_day.parquet", raw / "events" / "events_001.parquet")
            measured.next_day = measure_build(raw, warehouse)
    measured.units.append(measure_unit(folder))
    return measured


def measure_demo(folder: Path) -> list[Build]:
    """Two builds of the demo company in an empty warehouse: everything, and nothing new."""
    say("Demo company, twice")
    raw = folder / "raw"
    subprocess.run(
        [sys.executable, "-m", "ops.demo_data", "--out", str(raw)], cwd=ROOT, check=True, capture_output=True
    )
    warehouse = Warehouse(folder / "warehouse")
    return [measure_build(raw, warehouse) for _ in range(2)]


def promises(measured: Measured) -> str:
    """The table of what was promised and what was measured for one company."""
    unit, rows = measured.unit, []

    def add(
        what: str, seconds: float, limit: float | None = None, gb: float | None = None, gb_limit: float = 0
    ) -> None:
        verdict = "" if limit is None else f"≤ {limit} U: {kept(seconds / unit <= limit)}"
        memory = "" if gb is None else f"{gb:.1f} GB"
        if gb_limit:
            memory += f" (< {gb_limit} GB: {kept(gb < gb_limit)})"
        rows.append([what, f"{seconds:.1f}", f"{seconds / unit:.2f}", verdict, memory])

    first, next_day = measured.first, measured.next_day
    add("U: the plain count", unit)
    if first:
        add("first build: engine, ledger to distribution", first.needed_sql, FIRST_BUILD_UNITS)
        add("first build: the same nodes, with dbt's time around their SQL", first.needed)
        add("first build: models and tests at work", first.everything)
        gb_limit = FIRST_BUILD_GB if measured.events <= 20_000_000 else 0
        add("first build: whole command", first.command.seconds, gb=first.command.peak_gb, gb_limit=gb_limit)
    if next_day:
        add("one more day: engine, ledger to distribution", next_day.needed_sql, NEXT_DAY_UNITS)
        add("one more day: the same nodes, with dbt's time around their SQL", next_day.needed)
        add("one more day: models and tests at work", next_day.everything)
        add("one more day: whole command", next_day.command.seconds, gb=next_day.command.peak_gb)
        add("dbt's own start: import, read the project", measured.dbt_start)
        beyond = next_day.command.seconds - measured.dbt_start
        add("one more day: whole command less dbt's own start", beyond)
        rows[-1][3] = f"≤ {NEXT_DAY_SECONDS} s: {kept(beyond <= NEXT_DAY_SECONDS)}"
    for tool, finished in (measured.alternatives or {}).items():
        result = _result(finished)
        if result:
            add(f"{tool} {result['version']}: ledger and points only", result["seconds"], gb=finished.peak_gb)
        else:
            rows.append(
                [f"{tool}: {_why_not(finished)}", f"{finished.seconds:.1f}", "", "", f"{finished.peak_gb:.1f} GB"]
            )
    return table(["what", "s", "U", "promise", "peak memory"], rows)


def agreement(measured: Measured) -> list[str]:
    """A line for the build and each tool: rows and points. They must be the same, or something else was measured."""
    lines, sums = [], []
    if measured.rows:
        rows = ", ".join(f"{name} {count:,}" for name, count in measured.rows.items())
        lines.append(f"- rows of the first build: {rows}; points of all days {measured.points:,.0f}")
        sums.append((measured.rows.get("fct_engagement_scores"), measured.points))
    for tool, finished in (measured.alternatives or {}).items():
        result = _result(finished)
        if result:
            lines.append(f"- {tool}: {result['rows']:,} customer days; points of all days {result['points']:,.0f}")
            sums.append((result["rows"], result["points"]))
    if len(set(sums)) > 1:
        lines.append("- **These differ, so the tools did not do the same work.**")
    return lines


def report(companies: list[Measured], demo: list[Build], users: bool) -> str:
    """All of it as Markdown."""
    parts = [
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {_versions(companies)}."
    ]
    for measured in companies:
        with_users = ", with three users each" if users else ""
        what = f"{measured.events / 1e6:g} million events of {measured.customers:,} customers in {DAYS} days"
        parts.append(f"### {what}{with_users}")
        parts.append(promises(measured))
        seconds = [unit["seconds"] for unit in measured.units]
        parts.append("\n".join([*agreement(measured), f"- {drift(seconds, 'U')}"]))
        for name, one in (("first build", measured.first), ("one more day", measured.next_day)):
            if one:
                slowest = [[node, f"{s:.1f}", f"{s / measured.unit:.2f}"] for node, s in one.slowest[:SLOWEST_SHOWN]]
                parts.append(table([f"slowest in {name}", "s", "U"], slowest))
    parts += _growth(companies)
    phases = _phases(companies, demo)
    if phases:
        parts.append("### Where the time of a command goes, s\n\n" + phases)
    return "\n\n".join(part for part in parts if part)


def _growth(companies: list[Measured]) -> list[str]:
    """What more events cost: seconds of each size as multiples of the first size's."""
    base, rows = companies[0], []
    for measured in companies[1:]:
        if base.first and measured.first:
            times, limit = measured.events / base.events, GROWTH * measured.events / base.events
            for what, seconds, before in [
                ("engine, ledger to distribution", measured.first.needed_sql, base.first.needed_sql),
                ("models and tests at work", measured.first.everything, base.first.everything),
                ("whole command", measured.first.command.seconds, base.first.command.seconds),
            ]:
                growth = seconds / before
                verdict = f"≤ {limit:g}: {kept(growth <= limit)}"
                rows.append([f"{times:g} times the events: first build, {what}", f"{growth:.1f}", verdict])
    return ["### Growth\n\n" + table(["what", "times the seconds", "promise"], rows)] if rows else []


def _phases(companies: list[Measured], demo: list[Build]) -> str:
    builds = {f"demo, {name}": one for name, one in zip(("first", "again"), demo, strict=False)}
    for measured in companies:
        for name, one in (("first", measured.first), ("one more day", measured.next_day)):
            if one:
                builds[f"{measured.events / 1e6:g} M, {name}"] = one
    rows = [
        [phase, *(f"{one.phases.get(phase, 0):.1f}" for one in builds.values()), meaning]
        for phase, meaning in PHASES.items()
    ]
    rows.append(["whole command", *(f"{one.command.seconds:.1f}" for one in builds.values()), ""])
    rows.append(["peak memory, GB", *(f"{one.command.peak_gb:.1f}" for one in builds.values()), ""])
    return table(["phase", *builds, "what it is"], rows) if builds else ""


def _versions(companies: list[Measured]) -> str:
    return f"DuckDB {companies[0].units[0]['version']}" if companies else f"DuckDB {duckdb.__version__}"


def drift(seconds: list[float], name: str) -> str:
    """A line that says how long the unit `name` took at the start and at the end."""
    line = f"{name} at the start {seconds[0]:.2f} s, at the end {seconds[-1]:.2f} s"
    if max(seconds) > UNIT_DRIFT * min(seconds):
        line += ": **something else ran beside it, so measure again**"
    return line


def _result(finished: Finished) -> dict | None:
    return json.loads(finished.output.splitlines()[-1]) if finished.returncode == 0 else None


def _why_not(finished: Finished) -> str:
    """Why an alternative has no result."""
    if finished.returncode in (3, -9):
        return "ran out of memory"
    if "ModuleNotFoundError" in finished.output:
        return "not installed"
    return f"failed: {finished.output.strip().splitlines()[-1] if finished.output.strip() else finished.returncode}"


def kept(is_kept: bool) -> str:
    """What became of a promise."""
    return "kept" if is_kept else "**missed**"


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table: the first column is text, and columns of numbers are flush right."""
    lines = [
        "---:" if i and all(row[i].replace(".", "").isdigit() for row in rows if row[i]) else "---"
        for i in range(len(header))
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, lines, *rows])


def say(text: str) -> None:
    """Prints what is being done, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engagement", description=__doc__)
    parser.add_argument(
        "--events",
        type=float,
        nargs="+",
        default=[20],
        help="million events; of several sizes, the growth is shown too",
    )
    parser.add_argument("--customers", type=int, help=f"customers (default: one per {EVENTS_PER_CUSTOMER} events)")
    parser.add_argument("--users", action="store_true", help="three users per customer; leaves pandas and Polars out")
    parser.add_argument(
        "--folder", type=Path, help="new folder to work in and to leave files in (default: a temporary one)"
    )
    parser.add_argument("--skip", nargs="+", default=[], choices=["build", "next-day", "pandas", "polars", "demo"])
    return parser.parse_args()


def main() -> None:
    """Runs the command."""
    options = _options()
    companies, demo = [], []
    for millions in [*options.events, None]:
        if millions is None and "demo" in options.skip:
            continue
        name = "demo" if millions is None else f"{millions:g}M{'_users' if options.users else ''}"
        kept = options.folder and options.folder.absolute() / name
        if kept:
            if kept.exists():
                sys.exit(f"{kept} exists, and a build on top of another is no first build: name another folder.")
            kept.mkdir(parents=True)
        with nullcontext(kept) if kept else tempfile.TemporaryDirectory(prefix="bench_") as folder:
            if millions is None:
                demo = measure_demo(Path(folder))
            else:
                events = round(millions * 1e6)
                customers = options.customers or events // EVENTS_PER_CUSTOMER
                companies.append(measure_company(Path(folder), events, customers, options.users, options.skip))
    print(report(companies, demo, options.users))


if __name__ == "__main__":
    main()
