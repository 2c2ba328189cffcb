"""Builds a tenth of a raw folder in three increments on a Spark cluster and on DuckDB, and compares what is published.

`.venv-spark/bin/python python_tests/spark_builds.py --raw DIR [--share 10]`. The cluster is one of separate
processes on this machine (ops/spark_cluster.py). In the middle of the first build one of its two workers is killed: the
build must finish, or fail and be healed by the next one. Exit codes: 0 the same rows; 1 other rows, or a build failed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import duckdb
import published

from ops import load_spark
from ops.spark_cluster import Cluster

PROJECT = Path(__file__).resolve().parents[1]
VARS = "{python_models: false, raw_schema: company}"
# Each row belongs to the increment in which it became known.
KNOWN = {
    "events": "coalesce(loaded_at, occurred_at)",
    "survey_answers": "coalesce(loaded_at, answered_at, sent_at)",
    "customers": "updated_at",
}
ENDS = ("2026-06-01", "2026-06-16", "9999-12-31")
# So many models are made when the worker goes.
MODELS_BEFORE_KILL = 30


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder with the raw tables, one file each")
    parser.add_argument("--share", type=int, default=10, help="take one customer of so many (default: 10)")
    options = parser.parse_args(arguments)
    said = []
    with tempfile.TemporaryDirectory() as name, Cluster(Path(name, "spark")) as cluster:
        folder = Path(name)
        os.environ.update(cluster.environment)
        for step, end in enumerate(ENDS):
            begin = ENDS[step - 1] if step else "0001-01-01"
            add(options.raw, folder / "raw", options.share, begin, end, step)
            load_spark.load(folder / "raw", "company", folder / "parquet")
            began = time.monotonic()
            code = build(folder, cluster if step == 0 else None)
            if code and step == 0:
                print("The build failed when the worker was killed: the next one follows.", flush=True)
                code = build(folder)
            print(f"Spark, up to {end}: built in {time.monotonic() - began:.0f} s", flush=True)
            if code:
                return 1
            if differences := compare(folder, step):
                said += [f"up to {end}: {difference}" for difference in differences]
            else:
                print(f"Up to {end} both have published the same rows.", flush=True)
    print("\n".join(said) or "Spark and DuckDB have published the same rows.")
    return 1 if said else 0


def add(raw: Path, to: Path, share: int, begin: str, end: str, step: int) -> None:
    """Adds to the folder what became known from the day `begin` to the day before `end`, as files of their own."""
    to.mkdir(exist_ok=True)
    with duckdb.connect() as connection:
        for table, known in KNOWN.items():
            (file,) = raw.glob(f"{table}.*")
            reader = f"read_csv('{file}', all_varchar = true)" if file.suffix == ".csv" else f"read_parquet('{file}')"
            day = f"coalesce(left(cast({known} as varchar), 10), '0001-01-01')"
            query = f"select * from {reader} where hash(customer_id) % {share} = 0"
            query += f" and {day} >= '{begin}' and {day} < '{end}'"
            connection.execute(f"copy ({query}) to '{to / f'{table}_{step}{file.suffix}'}'")


def build(folder: Path, cluster: Cluster | None = None) -> int:
    """Builds on Spark and returns dbt's exit code; kills a worker of `cluster` in the middle."""
    command = [PROJECT / ".venv-spark/bin/dbt", "--no-use-colors", "--no-partial-parse", "build", "--target", "spark"]
    command += ["--exclude-resource-type", "unit_test", "--vars", VARS]
    command += ["--target-path", folder / "target", "--log-path", folder / "target"]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    made = 0
    for line in process.stdout:
        print(line, end="", flush=True)
        made += " OK created " in line
        if cluster and made == MODELS_BEFORE_KILL:
            threading.Thread(target=cluster.kill_worker, args=[1]).start()
            print("A worker is killed.", flush=True)
            cluster = None
    return process.wait()


def compare(folder: Path, step: int) -> list[str]:
    """Builds the same from nothing on DuckDB, and says what is not the same."""
    place = folder / f"duckdb-{step}"
    place.mkdir()
    environment = os.environ | {
        "CUSTOMER_SCORES_RAW": str(folder / "raw"),
        "CUSTOMER_SCORES_WORK": str(place / "work.duckdb"),
        "CUSTOMER_SCORES_MARTS": str(place / "marts.duckdb"),
    }
    command = [PROJECT / ".venv/bin/dbt", "--quiet", "--no-partial-parse", "run", "--vars", "{python_models: false}"]
    command += ["--target-path", place / "target", "--log-path", place / "target"]
    seed = [*command[:3], "seed", *command[4:]]
    for each in (seed, command):
        subprocess.run(each, cwd=PROJECT, env=environment, check=True)
    with duckdb.connect() as connection, load_spark.connection() as cursor:
        published.read_duckdb(connection, "duckdb", place / "marts.duckdb")
        published.read_spark(connection, "spark", cursor, "customer_scores", "duckdb")
        return published.differences(connection, "duckdb", "spark")


if __name__ == "__main__":
    sys.exit(main())
