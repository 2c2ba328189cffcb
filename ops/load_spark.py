"""Brings a raw folder into a schema of Spark's metastore: `python -m ops.load_spark --raw DIR --schema NAME --to DIR`.

DuckDB reads the files as a build does, with every column as it stands, and writes Parquet beside them with the column
`row_number`, the position in the source; Spark gets a table over it. The folder `--to` must be one that Spark can read.
Exit codes: 0 loaded; 1 no raw data, or Spark does not answer.
"""

import argparse
import os
import re
import sys
from pathlib import Path

import duckdb

from ops.messages import BuildError
from ops.raw_files import TABLES, sources


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder with the raw tables as .parquet or .csv")
    parser.add_argument("--schema", default="company", help="schema of the metastore, the var raw_schema")
    parser.add_argument("--to", type=Path, required=True, help="folder for the Parquet files")
    options = parser.parse_args(arguments)
    try:
        load(options.raw, options.schema, options.to)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def load(raw: Path, schema: str, to: Path) -> None:
    """Writes the raw tables as Parquet into `to`, and makes tables of `schema` over them."""
    if not re.fullmatch("[a-z_][a-z0-9_]{0,62}", schema):
        raise BuildError(f"The schema {schema} is no plain name: give lower-case letters, digits and underscores.")
    try:
        found = sources(raw)
    except FileNotFoundError as error:
        raise BuildError(f"No raw data in {raw}: {error}.") from error
    for table, source in found.items():
        write(source, to.absolute() / table)
    with connection() as cursor:
        cursor.execute(f"create schema if not exists {schema}")
        for table in TABLES:
            cursor.execute(f"drop table if exists {schema}.{table}")
        for table in found:
            cursor.execute(f"create table {schema}.{table} using parquet location '{to.absolute() / table}'")


def write(source: str, to: Path) -> None:
    """Writes a raw table, numbered, as the one file of a folder."""
    to.mkdir(parents=True, exist_ok=True)
    for file in to.iterdir():
        file.unlink()
    with duckdb.connect() as database:
        # One order for reading and writing: the position is part of what a row is known by.
        database.execute("set threads = 1; set timezone = 'UTC'")
        rows = database.sql(f"select *, row_number() over () as row_number from {source}")
        rows.write_parquet(str(to / "part-0.parquet"), row_group_size=100_000)


def connection():
    """A cursor of the Thrift server that the environment names."""
    from pyhive import hive

    host = os.environ.get("CUSTOMER_SCORES_SPARK_HOST", "127.0.0.1")
    try:
        return hive.connect(host, int(os.environ.get("CUSTOMER_SCORES_SPARK_PORT", "10000"))).cursor()
    except Exception as error:
        raise BuildError(f"Spark does not answer at {host}: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
