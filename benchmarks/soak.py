"""Reads, builds and kills at random for a while: `python -m benchmarks.soak --minutes 10`.

Some processes read several marts per connection while builds follow each other, each with one more day of a part of the
demo company, late rows included. Builds, their dbt and their publishing are killed at random moments. Prints figures at
the end; exit code 1 unless no read failed, no connection saw two builds, every published build was seen whole, every
build that nobody disturbed succeeded, and the marts are at last those of a build that starts from nothing.
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import duckdb

from benchmarks.engagement import ROOT, say
from ops import build
from ops.demo_data import write_demo_data
from ops.messages import BuildError
from ops.publish import SCHEMAS, Warehouse, audit

READERS = 4
CUSTOMERS_SHARE = 20  # one customer in so many
FIRST_DAY = "2026-01-01"  # what was loaded before comes with the first build
# A build lasts longer, so a reader that always connects anew meets each of them.
PAUSE = 0.5
MARTS_PER_SET, SETS = 5, 10
# What a build may be doing when it is killed. The children of a process are told by Linux alone.
VICTIMS = ["build", "publishing", *(["dbt"] if sys.platform == "linux" else [])]
# The calls into the system that change files: publishing and tidying up make about so many of them.
CHANGES = {"chmod", "fsync", "mkdir", "open", "rename", "replace", "rmdir", "symlink", "unlink"}
CALLS = 24
DIE = "import sys; from benchmarks.soak import die_while_publishing as die; die(int(sys.argv[1]), sys.argv[2:])"


@dataclass
class Readings:
    """What one reader saw. `rows` counts rows by build and mart; `failed` has what DuckDB said."""

    queries: int = 0
    connections: int = 0
    kept_open: int = 0
    mixed: int = 0
    failed: list[str] = field(default_factory=list)
    rows: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass
class Figures:
    """What became of a soak. `published` has the rows of each published build by mart, in order of publishing.

    `kills` counts the kills by what they met; `differences` the rows in which the last marts differ from those of a
    build that starts from nothing; `problems` are sentences.
    """

    readings: list[Readings] = field(default_factory=list)
    builds: int = 0
    kills: Counter = field(default_factory=Counter)
    killed_after_the_swap: int = 0
    published: dict[str, dict[str, int]] = field(default_factory=dict)
    differences: int | None = None
    problems: list[str] = field(default_factory=list)

    def report(self) -> tuple[str, bool]:
        """The figures as text, and whether all that must be 0 is 0 and each published build was seen, whole."""
        seen = {build_id for reading in self.readings for build_id, _ in reading.rows}
        # The audit counts no rows of views.
        half = sum(
            self.published.get(build_id, {}).get(mart, rows) != rows
            for reading in self.readings
            for (build_id, mart), rows in reading.rows.items()
        )
        failed = [error for reading in self.readings for error in reading.failed]
        mixed = sum(reading.mixed for reading in self.readings)
        by_victim = ", ".join(f"{count} of {victim}" for victim, count in sorted(self.kills.items()))
        lines = {
            "queries": sum(reading.queries for reading in self.readings),
            "connections": sum(reading.connections for reading in self.readings),
            "... open while builds were swapped": sum(reading.kept_open for reading in self.readings),
            "builds": self.builds,
            "kills": f"{self.kills.total()} ({by_victim}; {self.killed_after_the_swap} of them after the swap)",
            "failed reads": len(failed),
            "mixed builds in one connection": mixed,
            "marts seen that were not as published": half,
            "builds seen = published": f"{len(seen)} = {len(self.published)}",
            "rows unlike those of an undisturbed build": self.differences,
            "other problems": len(self.problems),
        }
        text = "\n".join(f"{name:<42} {value}" for name, value in lines.items())
        text = "\n".join([text, *failed[:5], *self.problems])
        is_sound = not (failed or mixed or half or self.differences or self.problems) and seen == set(self.published)
        return text, is_sound


class Company:
    """The raw folder of a part of the demo company, which grows by what was loaded on the next day."""

    def __init__(self, folder: Path):
        self.raw, self.source, self.days = folder / "raw", folder / "demo", 0
        self.raw.mkdir()
        write_demo_data(self.source)

    def deliver(self) -> None:
        """Delivers the rows of one more day, late ones among them; at first all that was loaded before FIRST_DAY."""
        is_ours = f"try_cast(regexp_extract(customer_id, '\\d+') as int) % {CUSTOMERS_SHARE} = 0"
        day = f"(timestamp '{FIRST_DAY}' + to_days({self.days}))"
        since = f"loaded_at >= {day} - to_days(1)" if self.days else "true"
        with duckdb.connect() as connection:
            connection.execute(f"""
                copy (from '{self.source}/events.parquet' where {is_ours} and loaded_at < {day} and {since})
                to '{self.raw}/events_{self.days:03}.parquet'
            """)
            for table, loaded in {"survey_answers": "loaded_at", "customers": "updated_at"}.items():
                connection.execute(f"""
                    copy (
                        from read_csv('{self.source}/{table}.csv', all_varchar = true)
                        where {is_ours} and coalesce(try_cast({loaded} as timestamp) < {day}, true)
                    ) to '{self.raw}/{table}.csv'
                """)
        self.days += 1


def soak(
    folder: Path,
    seed: int,
    minutes: float,
    builds: int | None = None,
    options: tuple[str, ...] = (),
) -> Figures:
    """Reads, builds and kills in the empty `folder`: for so many minutes after the first build, or for so many builds.

    `options` are further ones of `ops.build`. Raises RuntimeError where the first build fails.
    """
    rng, figures, company = random.Random(seed), Figures(), Company(folder)
    warehouse, stop = Warehouse(folder / "warehouse"), folder / "stop"
    arguments = ["--raw", str(company.raw), *options, "--warehouse"]
    company.deliver()
    began = time.monotonic()
    attempt(figures, warehouse, arguments, folder)
    if figures.problems:
        raise RuntimeError("\n".join(figures.problems))
    seconds = [time.monotonic() - began]
    with ProcessPoolExecutor(READERS, get_context("spawn")) as pool:
        # The first of them always connects anew.
        seeds = [(rng.random(), number == 0) for number in range(READERS)]
        reading = [pool.submit(read, warehouse.link, stop, *seed) for seed in seeds]
        try:
            victims, ends = [], time.monotonic() + 60 * minutes
            while time.monotonic() < ends and figures.builds != builds:
                victims = victims or rng.sample([None, *VICTIMS], 1 + len(VICTIMS))
                victim = victims.pop()
                company.deliver()
                began = time.monotonic()
                after = rng.uniform(0, statistics.median(seconds))
                attempt(figures, warehouse, arguments, folder, victim, after, rng.randrange(CALLS))
                if victim is None:
                    seconds.append(time.monotonic() - began)
            attempt(figures, warehouse, arguments, folder)
            undisturbed = Warehouse(folder / "undisturbed")
            code, _ = run_build([*arguments, str(undisturbed.folder)], folder)
            if code:
                raise RuntimeError(f"The build that nothing disturbs ended with code {code}:\n{said(folder)}")
            figures.differences = differences(warehouse.link, undisturbed.link)
        finally:
            stop.touch()
        figures.readings = [reader.result() for reader in reading]
    return figures


def attempt(
    figures: Figures,
    warehouse: Warehouse,
    arguments: list[str],
    folder: Path,
    victim: str | None = None,
    after: float = 0,
    calls: int = 0,
) -> None:
    """One build, which is killed if there is a victim: after so many seconds, or calls of its publishing."""
    before = warehouse.published()
    code, met = run_build([*arguments, str(warehouse.folder)], folder, victim, after, calls)
    while True:
        # dbt dies with the build that started it, but not in the same instant.
        try:
            with warehouse.locked():
                break
        except BuildError:
            time.sleep(0.05)
    figures.builds += 1
    figures.kills.update([victim] * met)
    now = warehouse.published()
    if now and now != before:
        figures.killed_after_the_swap += met
        try:
            figures.published[now.parent.name] = audit(now, now.parent.name).rows
        except BuildError as error:
            figures.problems.append(f"Build {now.parent.name}: {error}")
    expected = {None: 0, "dbt": 1}.get(victim if met else None, -signal.SIGKILL)
    if code != expected or (code == 0) != (now != before) and not met:
        ended = f"Build {figures.builds} ended with code {code}, where {expected} was expected"
        figures.problems.append(f"{ended}:\n{said(folder)}")
    killed = f"; {victim} was killed" if met else ""
    say(f"build {figures.builds}{killed}: {'published ' + now.parent.name if now != before else 'not published'}")


def said(folder: Path) -> str:
    """The last of what the last build said."""
    return (folder / "build.log").read_text(errors="replace")[-1000:]


def run_build(
    arguments: list[str], folder: Path, victim: str | None = None, after: float = 0, calls: int = 0
) -> tuple[int, bool]:
    """Runs a build, with its output in `folder`; returns its exit code and whether the victim was met."""
    command = ["-c", DIE, str(calls)] if victim == "publishing" else ["-m", "ops.build"]
    met = False
    with (
        (folder / "build.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, *command, *arguments], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            process.wait(after if victim in ("build", "dbt") else None)
        except subprocess.TimeoutExpired:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            pids = children.read_text().split() if victim == "dbt" else [process.pid]
            for pid in pids:
                os.kill(int(pid), signal.SIGKILL)
            met = bool(pids)
        except BaseException:
            process.kill()
            raise
    return process.returncode, met or process.returncode == -signal.SIGKILL


def die_while_publishing(calls: int, arguments: list[str]) -> None:
    """Runs a build that kills itself once its publishing has made so many calls that change files."""
    publish, left = Warehouse.publish, calls

    def count(_: object, event: str, called: object) -> None:
        nonlocal left
        if event == "c_call" and called.__module__ == "posix" and called.__name__ in CHANGES:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    def watched(*given: object) -> Path:
        sys.setprofile(count)
        return publish(*given)

    Warehouse.publish = watched
    sys.exit(build.main(arguments))


def read(link: Path, stop: Path, seed: float, always_anew: bool) -> Readings:
    """Reads random marts until `stop` is there, in connections for some sets of them or until builds were swapped."""
    rng, readings, parent = random.Random(seed), Readings(), os.getppid()

    def goes_on() -> bool:
        return not stop.exists() and os.getppid() == parent

    while goes_on():
        readings.connections += 1
        try:
            read_connected(link, rng, readings, goes_on, not always_anew and rng.random() < 0.5)
        except (duckdb.Error, OSError) as error:
            readings.failed.append(str(error))
        time.sleep(PAUSE)
    if os.getppid() != parent:
        # Nobody is left to stop this process, which would wait for more to do.
        os._exit(1)
    return readings


def read_connected(
    link: Path, rng: random.Random, readings: Readings, goes_on: Callable[[], bool], is_kept_open: bool
) -> None:
    """Reads sets of marts in one connection, with or without time to think."""
    target, builds, seconds = link.readlink(), set(), rng.choice([0, rng.random()])
    sets = rng.randint(1, SETS)
    with duckdb.connect(str(link), read_only=True, config={"threads": 1}) as connection:
        connection.execute("set enable_progress_bar = false")
        marts = connection.execute(f"""
            select table_name from information_schema.columns
            where table_schema = '{SCHEMAS[0]}' and column_name = 'build_id' order by table_name
        """).fetchall()
        while sets and goes_on():
            for (mart,) in rng.sample(marts, min(MARTS_PER_SET, len(marts))):
                rows, *found = connection.execute(
                    f"select count(*), min(build_id), max(build_id) from {mart}"
                ).fetchone()
                readings.queries += 1
                if rows:
                    builds |= set(found)
                    readings.rows[found[0], mart] = rows
                time.sleep(seconds * rng.random())
            is_swapped = link.readlink() != target
            if is_kept_open and not is_swapped:
                time.sleep(PAUSE)
            else:
                sets -= 1
        readings.kept_open += is_swapped
    readings.mixed += len(builds) > 1


def differences(one: Path, other: Path) -> int:
    """Rows that only one of two marts files has. Builds differ in their name alone."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only); attach '{other}' as other (read_only)")
        tables = connection.execute("""
            select distinct schema_name, table_name from duckdb_tables() where database_name in ('one', 'other')
        """).fetchall()
        rows = 0
        for schema, table in tables:
            sides = [
                f"select columns(lambda c: c <> 'build_id') from {side}.{schema}.{table}" for side in ("one", "other")
            ]
            for left, right in (sides, sides[::-1]):
                rows += connection.execute(f"select count(*) from ({left} except all {right})").fetchone()[0]
    return rows


def main() -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long builds are begun (default: 10)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="repeats the choices of another run")
    parser.add_argument(
        "--folder", type=Path, help="new folder to work in and to leave files in (default: a temporary one)"
    )
    options = parser.parse_args()
    # So that a soak that is stopped stops its readers.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"Seed {options.seed}; {READERS} readers, {options.minutes:g} minutes", flush=True)
    if options.folder:
        options.folder.mkdir(parents=True)
    with nullcontext(options.folder) if options.folder else tempfile.TemporaryDirectory(prefix="soak_") as folder:
        text, is_sound = soak(Path(folder).absolute(), options.seed, options.minutes).report()
    print(text)
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
