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
import published

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
        connection = duckdb.connect()
        for version in PROGRAMS:
            published.read_duckdb(connection, version, Path(folder, version, "marts.duckdb"))
        differences = published.differences(connection, *PROGRAMS)
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


if __name__ == "__main__":
    sys.exit(main())
