"""Compares what two builds published, whatever engines made them.

The tables of each are read into a schema of one DuckDB connection, and compared row by row: texts, dates, whole numbers and
decimals must be equal, floating-point numbers within RELATIVE. `build_id` names the build, and is left out; so are digests of
partitions, which are each engine's own, and functions, which have no rows.
"""

import tempfile
from pathlib import Path

import duckdb

RELATIVE = 1e-9
# Where a difference of two numbers is nought on one engine, it may be their last digit on the other.
ABSOLUTE = 1e-12
# What readers see lies in these schemas of a server; in a marts file the first is called `main` and the second `main_history`.
SCHEMAS = {"marts": "main", "history": "main_history"}


def read_duckdb(connection: duckdb.DuckDBPyConnection, into: str, marts: Path) -> None:
    """Reads all tables and views of a marts file into the schema `into`, a history table under the name `history_...`."""
    connection.execute(f"create schema {into}")
    # By this name views know the file that they lie in.
    connection.execute(f"attach '{marts}' as customer_scores (read_only)")
    for schema, name in SCHEMAS.items():
        for table in _column(
            connection,
            "select table_name from information_schema.tables where table_catalog = 'customer_scores' and table_schema = ?",
            [name],
        ):
            if not table.endswith("_digests"):
                copy = f"create table {into}.{schema}_{table} as from customer_scores.{name}.{table}"
                connection.execute(copy)
    connection.execute("detach customer_scores")


def read_postgres(connection: duckdb.DuckDBPyConnection, into: str, server, prefix: str, like: str) -> None:
    """Reads the schemas `<prefix>_marts` and `<prefix>_history` of a server, in the types of the schema `like`.

    `server` is a connection of psycopg2.
    """
    connection.execute(f"create schema {into}")
    with server.cursor() as cursor, tempfile.NamedTemporaryFile(suffix=".csv") as file:
        for schema in SCHEMAS:
            cursor.execute(
                "select table_name from information_schema.tables where table_schema = %s", [f"{prefix}_{schema}"]
            )
            for (table,) in cursor.fetchall():
                if table.endswith("_digests"):
                    continue
                with open(file.name, "wb") as rows:
                    query = f'select * from "{prefix}_{schema}"."{table}"'
                    cursor.copy_expert(f"copy ({query}) to stdout (format csv, header, force_quote *)", rows)
                types = dict(
                    connection.execute(
                        "select column_name, data_type from information_schema.columns "
                        "where table_schema = ? and table_name = ?",
                        [like, f"{schema}_{table}"],
                    ).fetchall()
                )
                found = _column(connection, f"select column_name from (describe from read_csv('{file.name}', all_varchar = true))")
                casts = ", ".join(f'cast("{name}" as {types.get(name, "varchar")}) as "{name}"' for name in found)
                connection.execute(
                    f"create table {into}.{schema}_{table} as "
                    f"select {casts} from read_csv('{file.name}', all_varchar = true, header = true, nullstr = '', allow_quoted_nulls = false, strict_mode = true)"
                )


def read_spark(connection: duckdb.DuckDBPyConnection, into: str, cursor, prefix: str, like: str) -> None:
    """Reads the schemas `<prefix>_marts` and `<prefix>_history` of Spark, in the types of the schema `like`.

    `cursor` is one of PyHive, on a Spark that writes to this machine's disk.
    """
    connection.execute(f"create schema {into}")
    connection.execute("set TimeZone = 'UTC'")
    with tempfile.TemporaryDirectory() as folder:
        for schema in SCHEMAS:
            cursor.execute(f"show tables in {prefix}_{schema}")
            for _, table, _ in cursor.fetchall():
                if table.endswith("_digests"):
                    continue
                rows = f"{folder}/{schema}_{table}"
                cursor.execute(f"insert overwrite directory '{rows}' using parquet select * from {prefix}_{schema}.{table}")
                types = connection.execute(
                    "select column_name, data_type from information_schema.columns "
                    "where table_schema = ? and table_name = ?",
                    [like, f"{schema}_{table}"],
                ).fetchall()
                found = _column(connection, f"select column_name from (describe from '{rows}/*.parquet')")
                # Without rows, or without the table, there is nothing to cast.
                known = dict(types)
                casts = ", ".join(f'cast("{name}" as {known[name]}) as "{name}"' if name in known else f'"{name}"' for name in found)
                connection.execute(f"create table {into}.{schema}_{table} as select {casts} from '{rows}/*.parquet'")


def differences(connection: duckdb.DuckDBPyConnection, first: str, second: str) -> list[str]:
    """A sentence for each table that is not the same in both schemas."""
    of_tables = "select table_name from information_schema.tables where table_schema = ? order by table_name"
    tables = [_column(connection, of_tables, [schema]) for schema in (first, second)]
    if not tables[0]:
        return ["nothing is published"]
    said = [f"{table}: in {first} alone" for table in tables[0] if table not in tables[1]]
    said += [f"{table}: in {second} alone" for table in tables[1] if table not in tables[0]]
    for table in tables[0]:
        if table in tables[1]:
            said += differences_of_table(connection, table, first, second)
    return said


def differences_of_table(connection: duckdb.DuckDBPyConnection, table: str, first: str, second: str) -> list[str]:
    """What is not the same in a table of both schemas: columns, the number of rows, or values, with one example."""
    of_columns = (
        "select column_name, data_type from information_schema.columns "
        "where table_schema = ? and table_name = ? and column_name <> 'build_id' order by column_name"
    )
    columns, others = (connection.execute(of_columns, [schema, table]).fetchall() for schema in (first, second))
    if columns != others:
        return [f"{table}: not the same columns: {sorted(set(columns) ^ set(others))}"]
    counts = [connection.execute(f"select count(*) from {schema}.{table}").fetchone()[0] for schema in (first, second)]
    if counts[0] != counts[1]:
        return [f"{table}: {counts[0]:,} rows in {first}, {counts[1]:,} in {second}"]
    exact = [f'"{name}"' for name, kind in columns if kind not in ("DOUBLE", "FLOAT")]
    floats = [f'"{name}"' for name, kind in columns if kind in ("DOUBLE", "FLOAT")]
    said = []
    alike = ", ".join(exact)
    # With all else equal, floats stand in the order of their size: the same rows stand beside each other.
    numbered = "select *, row_number() over (order by {}) as place from {}.{}"
    order = ", ".join([*exact, *floats])
    connection.execute(f"create or replace temp view one as {numbered.format(order, first, table)}")
    connection.execute(f"create or replace temp view other as {numbered.format(order, second, table)}")
    unlike = connection.execute(f"select {alike} from {first}.{table} except all select {alike} from {second}.{table}")
    rows = unlike.fetchall()
    if rows:
        other = connection.execute(f"select {alike} from {second}.{table} except all select {alike} from {first}.{table}")
        example = dict(zip(exact, zip(rows[0], other.fetchone(), strict=True), strict=True))
        shown = {name: pair for name, pair in example.items() if pair[0] != pair[1]}
        return [f"{table}: {len(rows):,} of {counts[0]:,} rows are not in {second}; the first differs in {shown}"]
    for name in floats:
        close = (
            f"one.{name} is not distinct from other.{name} "
            f"or abs(one.{name} - other.{name}) <= {ABSOLUTE} + {RELATIVE} * greatest(abs(one.{name}), abs(other.{name}))"
        )
        far = connection.execute(
            f"select count(*), any_value((one.{name}, other.{name})) from one join other using (place) "
            f"where not coalesce({close}, false)"
        ).fetchone()
        if far[0]:
            said.append(f"{table}.{name}: {far[0]:,} of {counts[0]:,} numbers differ, such as {far[1]}")
    return said


def _column(connection: duckdb.DuckDBPyConnection, query: str, parameters: list[str] | None = None) -> list[str]:
    return [row[0] for row in connection.execute(query, parameters or []).fetchall()]
