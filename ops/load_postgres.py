"""Loads a raw folder into a schema of a Postgres server: `python -m ops.load_postgres --raw DIR [--schema landing]`.

The server is named by PGHOST, PGPORT, PGDATABASE, PGUSER and DBT_ENV_SECRET_PGPASSWORD, the user a member of
customer_scores_loader (ops/postgres_roles.sql). A table that the schema has already is made anew, in one transaction
with all others, and never while a build reads it. Text comes as text, and the models judge it; typed columns of Parquet
keep their types.
"""

import argparse
import sys
from pathlib import Path

import duckdb
import psycopg2
from psycopg2 import sql

from ops.messages import BuildError
from ops.postgres import connect, locked, store
from ops.raw_files import sources

LOADER = "customer_scores_loader"


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
    counts = {}
    with server.cursor() as cursor, duckdb.connect() as reader:
        reader.execute("set TimeZone = 'UTC'")
        cursor.execute("select to_regnamespace(quote_ident(%s)) is null", [schema])
        if cursor.fetchone()[0]:
            cursor.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        for table, source in sources(raw).items():
            name = sql.Identifier(schema, table)
            store(reader, f"select row_number() over () as row_number, * from {source}", cursor, name)
            cursor.execute(sql.SQL("alter table {table} add primary key (row_number)").format(table=name))
            cursor.execute(sql.SQL("select count(*) from {}").format(name))
            counts[table] = cursor.fetchone()[0]
    return counts


if __name__ == "__main__":
    sys.exit(main())
