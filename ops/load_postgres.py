"""Loads a raw folder into a schema of a Postgres server: `python -m ops.load_postgres --raw DIR [--schema landing]`.

The server is named by PGHOST, PGPORT, PGDATABASE, PGUSER and DBT_ENV_SECRET_PGPASSWORD, the user a member of
customer_scores_loader (ops/postgres_roles.sql). A table that the schema has already is made anew, in one transaction
with all others, and never while a build reads it. Text comes as text, and the models judge it; typed columns of Parquet
keep their types.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import duckdb
import psycopg2
from psycopg2 import sql

from ops.messages import BuildError
from ops.postgres import connect, locked

LOADER = "customer_scores_loader"
TABLES = ("events", "survey_answers", "customers")
# DuckDB's names of types that a server calls otherwise; what is no type of both goes as text.
TYPES = {
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}
READERS = {
    ".csv": "read_csv({files}, all_varchar = true, header = true, strict_mode = true, union_by_name = true)",
    ".parquet": "read_parquet({files}, union_by_name = true, hive_partitioning = false)",
}


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder with the raw tables, as CSV or Parquet")
    parser.add_argument("--schema", default="landing", help="schema to load into (default: landing)")
    options = parser.parse_args(arguments)
    try:
        server = connect(LOADER, f"load of {options.raw}")
        # A build reads the raw tables more than once.
        with locked(server), server:
            counts = load(options.raw, server, options.schema)
        server.close()
    except BuildError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except (OSError, duckdb.Error, psycopg2.Error) as error:
        print(f"{options.raw} was not loaded: {error}", file=sys.stderr)
        return 1
    for table, rows in counts.items():
        print(f"{options.schema}.{table}: {rows:,} rows")
    return 0


def load(raw: Path, server: psycopg2.extensions.connection, schema: str) -> dict[str, int]:
    """Fills the schema's tables, within the transaction of `server`, and returns how many rows each has."""
    sources = {table: source for table in TABLES if (source := find(raw, table))}
    if not sources:
        raise FileNotFoundError("it has no events, survey_answers or customers as .csv or .parquet")
    counts = {}
    with server.cursor() as cursor, duckdb.connect() as reader:
        reader.execute("set TimeZone = 'UTC'")
        cursor.execute("select to_regnamespace(quote_ident(%s)) is null", [schema])
        if cursor.fetchone()[0]:
            cursor.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        for table, source in sources.items():
            counts[table] = copy(reader, source, cursor, sql.Identifier(schema, table))
    return counts


def find(raw: Path, table: str) -> str | None:
    """What DuckDB selects from to read a raw table of the folder: `events.csv`, `events_2025.csv`, `events/*.csv`."""
    for suffix, reader in READERS.items():
        files = sorted({*raw.glob(f"{table}*{suffix}"), *raw.glob(f"{table}/**/*{suffix}")})
        if files:
            return reader.format(files=[str(file) for file in files])
    return None


def copy(
    reader: duckdb.DuckDBPyConnection, source: str, cursor: psycopg2.extensions.cursor, table: sql.Identifier
) -> int:
    """Makes one table of what `source` reads, in its order, with the column row_number from 1."""
    columns = [(name, kind) for name, kind, *_ in reader.execute(f"describe select * from {source}").fetchall()]
    definitions = [sql.SQL("row_number bigint primary key")]
    selected = ["row_number() over () as row_number"]
    for name, kind in columns:
        known = kind.startswith("DECIMAL") or kind in TYPES
        definitions.append(
            sql.SQL("{} {}").format(sql.Identifier(name.lower()), sql.SQL(TYPES.get(kind, kind if known else "text")))
        )
        quoted = '"' + name.replace('"', '""') + '"'
        # A server takes no NUL characters; what is cleaned of them here, DuckDB's models clean of them too.
        selected.append(quoted if known else f"replace(cast({quoted} as varchar), chr(0), '') as {quoted}")
    cursor.execute(sql.SQL("drop table if exists {} cascade").format(table))
    cursor.execute(sql.SQL("create table {} ({})").format(table, sql.SQL(", ").join(definitions)))
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        rows = f"(select {', '.join(selected)} from {source})"
        reader.execute(f"copy {rows} to '{file.name}' (format csv, header false, force_quote *)")
        with open(file.name, "rb") as lines:
            cursor.copy_expert(sql.SQL("copy {} from stdin (format csv)").format(table), lines)
    cursor.execute(sql.SQL("analyze {}").format(table))
    return cursor.rowcount if cursor.rowcount > 0 else reader.execute(f"select count(*) from {source}").fetchone()[0]


if __name__ == "__main__":
    sys.exit(main())
