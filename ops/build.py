"""Builds the marts from a raw folder and publishes them: `python -m ops.build --raw DIR --warehouse DIR`.

Exit codes: 0 published; 1 the build failed (input, configuration or a test); 2 wrong usage; 3 another command holds the
lock; 4 the audit or the publishing failed. Unless it is 0, readers still see the marts that they saw before.
"""

import argparse
import hashlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import duckdb

from ops import damage, explain, journal, run_dbt, settings
from ops.erasures import Erasures
from ops.journal import Entry
from ops.mend import mend
from ops.messages import BuildError, not_written, plain
from ops.publish import Audit, Warehouse, audit
from ops.report import report

PROJECT = Path(__file__).resolve().parents[1]
PARTIAL_PARSE = "partial_parse.msgpack"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    options = parse_options(arguments)
    # Raw data may hold any character, a terminal may not.
    sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)
    sys.stderr.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warehouse = Warehouse(options.warehouse)
    try:
        warehouse.prepare()
        os.umask(0o077)
        with warehouse.locked() as lock:
            return build(options, warehouse, lock)
    except (BuildError, OSError) as error:
        said = not_written(error) if isinstance(error, OSError) else error
        print(f"{said}\n{warehouse.status()}", file=sys.stderr)
        return getattr(error, "exit_code", 1)


def build(options: argparse.Namespace, warehouse: Warehouse, lock: int, is_repair: bool = False) -> int:
    """One build under the lock, with a line in the journal whatever becomes of it. Returns the exit code.

    `lock` is the lock's file descriptor; `options` are those of the command line. Where a database that it started from
    is damaged, a second build follows, the repair, which starts from nothing.
    """
    now = datetime.now(UTC)
    build_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    log = warehouse.logs / build_id / "dbt.log"
    seconds, failure, audited, run = {}, None, None, None
    erasures, pending, noticed = Erasures(warehouse), [], []
    before = warehouse.published()
    print(f"Build {build_id} of {options.raw}")
    if before and build_id < before.parent.name:
        print(f"The clock of this machine is behind that of the published build {before.parent.name}: set it right.")
    if os.environ.get("CUSTOMER_SCORES_BUILD_TIME"):
        given = plain(os.environ["CUSTOMER_SCORES_BUILD_TIME"])
        print(f"CUSTOMER_SCORES_BUILD_TIME is set: how fresh sources are is judged as of {given} UTC, and not of now.")
    try:
        # By this folder the doctor knows of a build that is killed.
        log.parent.mkdir(parents=True)
        began = time.monotonic()
        pending = erasures.pending()
        # What is removed for an erasure cannot come back, so what people gave is checked first.
        dbt_vars = _check(options)
        if pending:
            check_same_folder(warehouse, options)
            print(
                f"{len(pending)} {'request' if len(pending) == 1 else 'requests'} to erase: everything is built anew."
            )
            warehouse.forget()
            log.parent.mkdir(parents=True)
            options.full_refresh, options.keep = True, 0
        _prepare(options, warehouse)
        noticed += mend(options.raw, warehouse.mended)
        seconds["start"] = time.monotonic() - began

        began = time.monotonic()
        run, results = run_until_sound(
            _command(options, warehouse, log, dbt_vars),
            _environment(options.raw, warehouse, build_id, now) | {"CUSTOMER_SCORES_ERASURES": erasures.file()},
            lock,
            warehouse,
        )
        wall, engine = time.monotonic() - began, explain.engine_seconds(results)
        seconds.update(dbt=wall - engine, engine=engine)
        if run.returncode:
            rows_of = partial(explain.failing_rows, warehouse.work_db, warehouse.building)
            problems = explain.failures(results, run, options.project_dir, rows_of)
            headlines = "\n".join(problem.headline for problem in problems)
            shown = "The build failed:\n" + "\n".join(map(str, problems))
            raise BuildError(headlines, shown=f"{shown}\nThe full log is {log}.")

        began = time.monotonic()
        audited = audit(warehouse.building, build_id)
        noticed += check_for_loss(warehouse.published_entry(), audited, options.raw, options.may_shrink)
        try:
            published = warehouse.publish(build_id)
        except OSError as error:
            raise BuildError(f"The new marts could not be put in place: {not_written(error)}", 4) from error
        # Readers see the new marts by now. Without the digest the next build starts from nothing.
        with suppress(OSError):
            warehouse.project_digest.write_text(project_digest(options.project_dir))
        seconds["publish"] = time.monotonic() - began
    except BuildError as error:
        failure = error
    except OSError as error:
        failure = BuildError(not_written(error))
    except duckdb.Error as error:
        failure = BuildError(str(error))
    except KeyboardInterrupt:
        failure = BuildError("The build was stopped.")
    entry = Entry(
        build_id,
        now.isoformat(timespec="seconds"),
        "failed" if failure else "published",
        failure.exit_code if failure else 0,
        raw=str(options.raw),
        **(audited.figures() if audited else {}),
        warnings=len(noticed) + len(run.warnings) + sum(result["status"] == "warn" for result in results)
        if run
        else None,
        seconds={phase: round(value, 3) for phase, value in seconds.items()},
        message=str(failure) if failure else None,
    )
    _close(warehouse, options.keep, entry, before, erasures if pending and not failure else None)
    if failure and not is_repair and damage.DAMAGE.search(failure.shown) and damage.set_aside(warehouse, log.parent):
        options.full_refresh = True
        return build(options, warehouse, lock, is_repair=True)
    with suppress(OSError):
        # Where dbt did not begin it is empty, and would push out the log of another build.
        log.parent.rmdir()
    if failure:
        print(f"\n{plain(failure.shown, 20000)}\n{warehouse.status()}", file=sys.stderr)
        return failure.exit_code

    warnings = [explain.Problem(text) for text in [*noticed, *run.warnings]]
    warnings += explain.warnings(results, partial(explain.failing_rows, warehouse.work_db, published))
    own_summary = options.settings / "summary.sql" if options.settings else None
    summary = own_summary if own_summary and own_summary.is_file() else PROJECT / "ops" / "summary.sql"
    print("\n" + report(warehouse, options.raw, audited, warnings, summary, seconds))
    return 0


def parse_options(arguments: list[str] | None) -> argparse.Namespace:
    """The options of a command line (default: of this process). Exits with 2 where they cannot be used."""

    def whole_number(at_least: int, text: str) -> int:
        if not text.isascii() or not text.isdigit() or int(text) < at_least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {at_least} on")
        return int(text)

    def folder(text: str) -> Path:
        return Path(os.path.abspath(text))

    parser = argparse.ArgumentParser(prog="python -m ops.build", description=__doc__)
    parser.add_argument("--raw", type=folder, required=True, help="folder with the raw tables")
    parser.add_argument("--warehouse", type=folder, required=True, help="folder to publish in; made where absent")
    parser.add_argument("--settings", type=folder, help="folder with the company's settings (default: RAW/settings)")
    parser.add_argument("--full-refresh", action="store_true", help="build everything anew, from the raw folder alone")
    parser.add_argument("--threads", type=partial(whole_number, 1), default=2, help="models built at once (default: 2)")
    parser.add_argument("--keep", type=partial(whole_number, 3), default=3, help="versions kept (default: 3)")
    parser.add_argument("--project-dir", type=folder, default=PROJECT, help="the dbt project (default: this one)")
    options = parser.parse_args(arguments)
    if options.settings is None and (options.raw / "settings").is_dir():
        options.settings = options.raw / "settings"
    # Who asks for everything anew means what lies there now; a build that starts anew by itself cannot know that.
    options.may_shrink = options.full_refresh
    return options


def check_same_folder(warehouse: Warehouse, options: argparse.Namespace) -> None:
    """Raises BuildError where an erasure would replace what readers see by marts of another raw folder."""
    known = warehouse.published_entry().get("raw")
    if known and known != str(options.raw) and not options.may_shrink:
        raise BuildError(
            f"Readers see a build of {known}, not of {options.raw}, and an erasure leaves no version to go back to: "
            "give RAW and WAREHOUSE of your builds. Where the raw folder moved, build from it once with --full-refresh."
        )


def _check(options: argparse.Namespace) -> dict:
    """The vars that dbt gets. Raises BuildError where the raw folder is missing or the settings are broken."""
    if given := os.environ.get("CUSTOMER_SCORES_BUILD_TIME"):
        try:
            datetime.strptime(given, "%Y-%m-%d %H:%M:%S")
        except ValueError as error:
            said = f"CUSTOMER_SCORES_BUILD_TIME is '{given}': give a time in UTC as YYYY-MM-DD HH:MM:SS."
            raise BuildError(said) from error
    if not options.raw.is_dir():
        raise BuildError(f"There is no folder {options.raw}: name the folder that holds the raw tables.")
    if options.settings:
        if not options.settings.is_dir():
            raise BuildError(f"There is no settings folder {options.settings}.")
        settings.check_files(options.settings, options.project_dir / "seeds")
    dbt_vars = settings.read_vars(options.settings, options.project_dir)
    if dbt_vars.get("clv_forecasts") is True and find_spec("pymc_marketing") is None:
        raise BuildError(
            "The var clv_forecasts is true, but pymc-marketing, which computes the forecasts, is not installed in this "
            "environment: build with `make build CLV=1`."
        )
    return dbt_vars


def _prepare(options: argparse.Namespace, warehouse: Warehouse) -> None:
    """Readies all that dbt reads. Raises BuildError for a work database that cannot be opened."""
    settings.stage_project(options.project_dir, options.settings, warehouse.project)
    if _read(warehouse.project_digest) != project_digest(options.project_dir):
        # What is kept from build to build knows which rows it was made from, but not which code made it. Should this
        # build fail, what is kept is of no code that the next one could go on from.
        warehouse.project_digest.unlink(missing_ok=True)
        if warehouse.published():
            # What dbt keeps of another project misleads it: two metrics of one name, it says, where there is one.
            (warehouse.target / PARTIAL_PARSE).unlink(missing_ok=True)
        if warehouse.published() and not options.full_refresh:
            print(
                "The project is not the one that made the published marts, or they were rolled back: all is built anew."
            )
            options.full_refresh = True
    warehouse.start_marts(options.full_refresh)
    (warehouse.target / "run_results.json").unlink(missing_ok=True)
    try:
        duckdb.connect(str(warehouse.work_db)).close()
    except duckdb.Error as error:
        raise BuildError(
            f"The work database {warehouse.work_db} cannot be opened. Close the program that has it open; "
            "if none has, move the file away and build with --full-refresh.\n"
            f"DuckDB says: {str(error).splitlines()[0]}"
        ) from error
    warehouse.work_db.chmod(0o600)


def run_until_sound(
    command: list[str], environment: dict[str, str], lock: int, warehouse: Warehouse
) -> tuple[run_dbt.DbtRun, list[dict]]:
    """Runs dbt, and once more where DuckDB failed by a fault of its own: such faults hardly ever come twice."""
    run = run_dbt.run(command, environment, lock, warehouse.work)
    results = explain.read_results(warehouse.target)
    # After a fault DuckDB may refuse all else, and dbt ends without the results of its nodes.
    said = [*run.errors, *(result.get("message") or "" for result in results)]
    if run.returncode and any(map(explain.is_fault, said)):
        print("DuckDB failed by a fault of its own: the build runs once more.", flush=True)
        run = run_dbt.run(command, environment, lock, warehouse.work)
        results = explain.read_results(warehouse.target)
    return run, results


def check_for_loss(former: dict, audited: Audit, raw: Path, may_shrink: bool) -> list[str]:
    """Warnings of raw tables that have fewer rows than in the published build, of which `former` is the journal's line.

    Raises BuildError where the same raw folder has less than half of a table's rows, unless that is what is wanted.
    """
    warnings = []
    for table, counts in (former.get("tables") or {}).items():
        before, now = counts["raw_rows"], audited.reconciliation.get(table, {}).get("raw_rows", 0)
        if now >= before:
            continue
        said = f"{table} has {now:,} rows, and had {before:,} in the published build"
        if 2 * now < before and former.get("raw", str(raw)) == str(raw) and not may_shrink:
            raise BuildError(
                f"{said}: more than half is gone. Was a file cut short or left out? Then deliver it whole. If it is "
                "meant, build once with --full-refresh."
            )
        warnings.append(f"{said}: is that what was meant?")
    return warnings


def project_digest(project: Path) -> str:
    """A text that changes with any model or macro of the project."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in ("models", "macros") for path in (project / folder).rglob("*.*")):
        digest.update(f"{path.relative_to(project)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> str | None:
    return path.read_text() if path.is_file() else None


def _command(options: argparse.Namespace, warehouse: Warehouse, log: Path, dbt_vars: dict) -> list[str]:
    command = run_dbt.build_arguments(warehouse.project, warehouse.target, log.parent, options.threads, dbt_vars)
    return command + ["--exclude", run_dbt.KEYS_OF_STEPS] + ["--full-refresh"] * options.full_refresh


def _environment(raw: Path, warehouse: Warehouse, build_id: str, now: datetime) -> dict[str, str]:
    return {
        **run_dbt.build_environment(build_id, now),
        **warehouse.databases,
        "CUSTOMER_SCORES_RAW": str(raw),
        "CUSTOMER_SCORES_MENDED": str(warehouse.mended),
    }


def _close(warehouse: Warehouse, keep: int, entry: Entry, before: Path | None, erasures: Erasures | None) -> None:
    """Tidies up and writes the journal. What fails here, on a full disk say, changes nothing about what readers see.

    `before` is what was published before. `erasures` are those that the build has carried out: they are done once the
    versions before it are gone.
    """

    def attempt(step: Callable, *arguments: object) -> bool:
        try:
            step(*arguments)
        except (OSError, duckdb.Error) as error:
            said = not_written(error) if isinstance(error, OSError) else error
            print(f"Warning: could not tidy up {warehouse.folder}: {said}", file=sys.stderr)
            return False
        return True

    is_tidy = attempt(warehouse.discard_building)
    attempt(journal.append, warehouse.journal, entry)
    if erasures:
        # A reader who has followed the link to the former version has not yet opened it.
        time.sleep(1)
    # Readers may be about to open what was published before, and people to read this build's log.
    spared = [before.parent.name] if before and not erasures else []
    is_tidy &= attempt(warehouse.sweep, keep, [entry.build_id, *spared])
    if erasures and is_tidy:
        attempt(erasures.finish, entry.build_id)


if __name__ == "__main__":
    sys.exit(main())
