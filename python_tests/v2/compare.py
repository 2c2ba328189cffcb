"""Builds a raw folder with dbt v1 and with dbt v2, without models in Python, and compares all that is published.

`python python_tests/v2/compare.py --raw DIR`. Exit codes: 0 the same rows; 1 other rows, or a build failed; 2
wrong usage.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

PROJECT = Path(__file__).resolve().parents[2]
LIBRARY = PROJECT / "python_tests/v2/node_modules/@duckdb/node-bindings-linux-x64/libduckdb.so"
PROGRAMS = {"v1": ".venv/bin/dbt", "v2": ".venv-v2/bin/dbt-core-experimental-parser"}
# Where dbt v2 looks for DuckDB.
DRIVER = """\
manifest_version = 1
name = "DuckDB"

[Driver]
entrypoint = "duckdb_adbc_init"
shared = "{library}"
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder with the raw tables")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        seconds = {}
        for version, program in PROGRAMS.items():
            place = Path(folder, version)
            place.mkdir()
            began = time.monotonic()
            if build(PROJECT / program, options.raw.absolute(), place):
                print(f"The build with dbt {version} failed: see above.", file=sys.stderr)
                return 1
            seconds[version] = time.monotonic() - began
        differences = compare(Path(folder, "v1"), Path(folder, "v2"))
    print("\n".join(f"{version}: built in {value:.0f} s" for version, value in seconds.items()))
    print("\n".join(differences) or "Both have published the same rows.")
    return 1 if differences else 0


def build(program: Path, raw: Path, place: Path) -> int:
    """Builds into `place` with one of the programs and returns its exit code."""
    (place / "duckdb.toml").write_text(DRIVER.format(library=LIBRARY))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")} | {
        "ADBC_DRIVER_PATH": str(place),
        "CUSTOMER_SCORES_RAW": str(raw),
        "CUSTOMER_SCORES_WORK": str(place / "work.duckdb"),
        "CUSTOMER_SCORES_MARTS": str(place / "marts.duckdb"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    # Unit tests are of the formulas, and not of a build; `make test` runs them.
    command = [program, "build", "--threads", "2", "--exclude-resource-type", "unit_test"]
    command += ["--vars", "{python_models: false}", "--target-path", place / "target", "--log-path", place / "target"]
    return subprocess.run(command, cwd=PROJECT, env=environment).returncode


def compare(first: Path, second: Path) -> list[str]:
    """Says of each published table that is not the same in both folders how they differ, `build_id` aside."""
    connection = duckdb.connect()
    tables = {place: published(connection, place) for place in (first, second)}
    differences = [f"{table}: not in both" for table in sorted(tables[first].keys() ^ tables[second].keys())]
    for table in sorted(tables[first].keys() & tables[second].keys()):
        if tables[first][table] != tables[second][table]:
            differences.append(f"{table}: not the same columns or types")
            continue
        rows = [f"(from '{place / 'rows' / table}.parquet')" for place in (first, second)]
        counts = connection.execute(f"select (select count(*) from {rows[0]}), (select count(*) from {rows[1]})")
        counts = counts.fetchone()
        unlike = connection.execute(f"select count(*) from ({rows[0]} except all {rows[1]})").fetchone()[0]
        if unlike or counts[0] != counts[1]:
            differences.append(f"{table}: {counts[0]} and {counts[1]} rows, {unlike} of the first not in the second")
        else:
            print(f"{table}: {counts[0]:,} rows are the same")
    if not tables[first]:
        differences.append("nothing is published")
    return differences


def published(connection: duckdb.DuckDBPyConnection, place: Path) -> dict[str, list[tuple[str, str]]]:
    """Writes the rows of all published tables and views of a folder, and returns their columns and types."""
    (place / "rows").mkdir()
    # By this name views know the file that they lie in.
    connection.execute(f"attach '{place / 'marts.duckdb'}' as customer_scores (read_only)")
    columns = connection.execute("""
        select table_schema || '.' || table_name, list((column_name, data_type) order by column_name)
        from information_schema.columns
        where table_catalog = 'customer_scores' and column_name <> 'build_id' and not ends_with(table_name, '_digests')
        group by all
    """).fetchall()
    for table, pairs in columns:
        names = ", ".join(f'"{name}"' for name, _ in pairs)
        connection.execute(f"copy (select {names} from customer_scores.{table}) to '{place / 'rows' / table}.parquet'")
    connection.execute("detach customer_scores")
    return dict(columns)


if __name__ == "__main__":
    sys.exit(main())
