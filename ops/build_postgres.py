"""Builds the marts from raw tables of a Postgres server and publishes them: `python -m ops.build_postgres`.

The server is named by PGHOST, PGPORT, PGDATABASE, PGUSER and DBT_ENV_SECRET_PGPASSWORD, the user a member of
customer_scores_builder (ops/postgres_roles.sql). Exit codes: 0 published; 1 the build failed (input, configuration or
a test); 2 wrong usage; 3 another command is at work in the database; 4 the audit or the publishing failed. Unless it
is 0, readers still see what they saw before.
"""

import argparse
import json
import os
import secrets
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from ops import explain, outside, run_dbt, settings
from ops.build import PARTIAL_PARSE, PROJECT, project_digest
from ops.messages import BuildError, plain
from ops.postgres import connect, fetch, locked, store, types_of
from ops.publish_postgres import audit, publish

BUILDER = "customer_scores_builder"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m ops.build_postgres", description=__doc__)
    parser.add_argument("--settings", type=Path, help="folder with the company's settings")
    parser.add_argument("--work", type=Path, default=Path("warehouse/postgres"), help="folder for dbt's files and logs")
    parser.add_argument("--full-refresh", action="store_true", help="build everything anew, from the raw tables alone")
    parser.add_argument("--analyse", action="store_true", help="run models in Python anew, over the published build")
    parser.add_argument("--threads", type=int, default=2, help="models built at once (default: 2)")
    options = parser.parse_args(arguments)
    options.work = Path(os.path.abspath(options.work))
    sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)
    build_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    try:
        server = connect(BUILDER, f"build {build_id}")
        try:
            with locked(server):
                build(options, server, published_build(server) if options.analyse else build_id)
        finally:
            server.close()
    except BuildError as error:
        print(f"\n{plain(error.shown, 20000)}\nReaders see what they saw before.", file=sys.stderr)
        return error.exit_code
    return 0


def build(options: argparse.Namespace, server: Connection, build_id: str) -> None:
    """One build under the lock. Raises BuildError where nothing was published."""
    print(f"Build {build_id} in the database {server.info.dbname} at {server.info.host}")
    project, target = options.work / "project", options.work / "target"
    project.parent.mkdir(parents=True, exist_ok=True)
    if options.settings:
        settings.check_files(options.settings, PROJECT / "seeds")
    dbt_vars = settings.read_vars(options.settings, PROJECT)
    settings.stage_project(PROJECT, options.settings, project)
    digest = project_digest(PROJECT)
    is_new = digest != published(server)[1]
    if is_new and options.analyse:
        raise BuildError("The project is not the one that made the published marts: run make build TARGET=postgres.")
    is_whole = options.full_refresh or is_new
    if is_new:
        # What dbt keeps of another project misleads it: two metrics of one name, it says, where there is one.
        (target / PARTIAL_PARSE).unlink(missing_ok=True)
    if is_new and not options.full_refresh:
        print("The project is not the one that made the published marts: all is built anew.")

    def dbt(*selection: str) -> tuple[list[str], list[dict]]:
        """Builds what is selected; returns what dbt warned of and the results. Raises BuildError where it failed."""
        logs = options.work / "logs" / build_id
        command = run_dbt.build_arguments(project, target, logs, options.threads, dbt_vars)
        command += ["--target", "postgres", *selection, *["--full-refresh"] * is_whole]
        (target / "run_results.json").unlink(missing_ok=True)
        with open(os.devnull) as inherited:
            run = run_dbt.run(command, environment, inherited.fileno(), options.work)
        results = explain.read_results(target)
        if run.returncode:
            problems = explain.failures(results, run, PROJECT, rows_of)
            raise BuildError("The build failed:\n" + "\n".join(map(str, problems)))
        return run.warnings, results

    rows_of = partial(failing_rows, server)
    environment = run_dbt.build_environment(build_id, datetime.now(UTC)) | {"PGOPTIONS": f"-c role={BUILDER}"}
    warnings, results = ([], []) if options.analyse else dbt("--exclude", run_dbt.KEYS_OF_STEPS, "file:*.py+")
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    for models, others in outside.waves(manifest):
        for name in models:
            began = time.monotonic()
            run_outside(server, manifest["nodes"][name], manifest)
            print(f"  outside  {time.monotonic() - began:7.1f} s  {manifest['nodes'][name]['name']}")
        names = [manifest["nodes"][name]["name"] for name in others]
        if names:
            results += dbt("--indirect-selection", "empty", "--exclude", run_dbt.KEYS_OF_STEPS, "--select", *names)[1]
    rows = audit(server, build_id)
    try:
        publish(server, is_whole)
        keep_digest(server, build_id, digest)
    except psycopg2.Error as error:
        raise BuildError(f"The new marts could not be put in place: {str(error).strip()}", 4) from error
    for problem in [*map(explain.Problem, warnings), *explain.warnings(results, rows_of)]:
        print(problem)
    print(f"Published {build_id}: {len(rows)} tables, {sum(rows.values()):,} rows, in the schema customer_scores.")


def run_outside(server: Connection, node: dict, manifest: dict) -> None:
    """Runs a model in Python here, and puts what it returns into the schema of the build."""

    def fetch_parent(parent: dict, into: duckdb.DuckDBPyConnection, table: str) -> None:
        name = f"{parent['schema']}.{parent['alias']}"
        fetch(cursor, f"select * from {name}", into, table, types_of(cursor, name))

    with server, server.cursor() as cursor, duckdb.connect() as here:
        returned = outside.run(PROJECT, node, manifest, fetch_parent)
        here.register("returned", returned)
        store(here, "from returned", cursor, sql.Identifier(node["schema"], node["alias"]))


def failing_rows(server: Connection, query: str | None) -> list[str]:
    """The first rows that a test found, one line each; empty where they cannot be read."""
    try:
        with server, server.cursor() as cursor:
            cursor.execute(f"select * from (\n{query}\n) as found limit {explain.ROWS_SHOWN}")
            columns = [column.name for column in cursor.description]
            return explain.rows_as_text([dict(zip(columns, row, strict=True)) for row in cursor.fetchall()])
    except psycopg2.Error:
        return []


def published(server: Connection) -> tuple[str | None, str | None]:
    """The id of the build that readers see and the digest of the project that made it; None where nobody published."""
    with server, server.cursor() as cursor:
        cursor.execute("create schema if not exists build")
        columns = "build_id text, published_at timestamptz, project_digest text"
        cursor.execute(f"create table if not exists build.publications ({columns})")
        cursor.execute("select build_id, project_digest from build.publications order by published_at desc limit 1")
        return cursor.fetchone() or (None, None)


def published_build(server: Connection) -> str:
    """The id of the build that readers see. Raises BuildError where there is none."""
    build_id, _ = published(server)
    if not build_id:
        raise BuildError("Nothing is published yet: run make build TARGET=postgres.")
    return build_id


def keep_digest(server: Connection, build_id: str, digest: str) -> None:
    """Notes which project made what was published."""
    with server, server.cursor() as cursor:
        cursor.execute("insert into build.publications values (%s, now(), %s)", [build_id, digest])


if __name__ == "__main__":
    sys.exit(main())
