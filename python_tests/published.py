"""Compares what two builds published, whatever engines made them.

The tables of each are read into a schema of one DuckDB connection, and compared row by row: texts, dates, whole
numbers and decimals must be equal, floating-point numbers within RELATIVE. `build_id` names the build, and is left out;
so are digests of partitions, which are each engine's own, and functions, which have no rows.
"""

import tempfile
from pathlib import Path

import duckdb

RELATIVE = 1e-9
# Where a difference of two numbers is nought on one engine, it may be their last digit on the other.
ABSOLUTE = 1e-12
DIGESTS = "_digests"
# Views that have many rows for each of a table that is compared whole: of these, the days that begin a month.
RECEIPTS = {"fct_engagement_contributions", "fct_engagement_changes", "engagement_trends"}
SCHEMAS = ["main", "main_history"]  # of a marts file


def read_duckdb(connection: duckdb.DuckDBPyConnection, into: str, marts: Path) -> None:
    """Reads all tables and views of a marts file into the schema `into`."""
    connection.execute(f"create schema {into}")
    # By this name views know the file that they lie in.
    connection.execute(f"attach '{marts}' as customer_scores (read_only)")
    for schema in SCHEMAS:
        for table in _tables(connection, "customer_scores", schema):
            rows = f"select * from customer_scores.{schema}.{table} {days_compared(table)}"
            connection.execute(f"create table {into}.{table} as {rows}")
    connection.execute("detach customer_scores")


def days_compared(table: str) -> str:
    """The condition that the rows of a table meet that are compared: empty for almost all tables."""
    return "where extract(day from score_date) = 1" if table in RECEIPTS else ""


def read_spark(connection: duckdb.DuckDBPyConnection, into: str, cursor, prefix: str, like: str) -> None:
    """Reads the schemas `<prefix>_marts` and `<prefix>_history` of Spark, in the types of the schema `like`.

    `cursor` is one of PyHive, on a Spark that writes to this machine's disk.
    """
    connection.execute(f"create schema {into}")
    connection.execute("set TimeZone = 'UTC'")
    with tempfile.TemporaryDirectory() as folder:
        for schema in (f"{prefix}_marts", f"{prefix}_history"):
            cursor.execute(f"show tables in {schema}")
            for _, table, _ in cursor.fetchall():
                if table.endswith(DIGESTS):
                    continue
                rows = f"{folder}/{table}"
                query = f"select * from {schema}.{table} {days_compared(table)}"
                cursor.execute(f"insert overwrite directory '{rows}' using parquet {query}")
                types = dict(columns_of(connection, like, table))
                found = connection.execute(f"select column_name from (describe from '{rows}/*.parquet')").fetchall()
                casts = [f'cast("{name}" as {types[name]}) as "{name}"' for (name,) in found if name in types]
                # A column that the other one has not is kept, for the comparison to name.
                casts += [f'"{name}"' for (name,) in found if name not in types]
                connection.execute(f"create table {into}.{table} as select {', '.join(casts)} from '{rows}/*.parquet'")


def differences(connection: duckdb.DuckDBPyConnection, first: str, second: str) -> list[str]:
    """A sentence for each table that is not the same in both schemas."""
    tables = [_tables(connection, "memory", schema) for schema in (first, second)]
    if not tables[0]:
        return ["nothing is published"]
    said = [f"{table}: in {first} alone" for table in tables[0] if table not in tables[1]]
    said += [f"{table}: in {second} alone" for table in tables[1] if table not in tables[0]]
    for table in tables[0]:
        if table in tables[1]:
            said += differences_of_table(connection, table, first, second)
    return said


def differences_of_table(connection: duckdb.DuckDBPyConnection, table: str, first: str, second: str) -> list[str]:
    """What is not the same in a table of both schemas: columns, the number of rows, or values, with an example."""
    columns, others = (columns_of(connection, schema, table) for schema in (first, second))
    if columns != others:
        return [f"{table}: not the same columns: {sorted(set(columns) ^ set(others))}"]
    exact = ", ".join(f'"{name}"' for name, kind in columns if kind != "DOUBLE")
    floats = [f'"{name}"' for name, kind in columns if kind == "DOUBLE"]
    # With all else equal, floats stand in the order of their size: the same rows stand beside each other.
    order = ", ".join([exact, *floats])
    for name, schema in [("one", first), ("other", second)]:
        numbered = f"select *, row_number() over (order by {order}) as place from {schema}.{table}"
        connection.execute(f"create or replace temp table {name} as {numbered}")
    for found, missing, schema in [("one", "other", second), ("other", "one", first)]:
        unlike = connection.execute(
            f"select {exact} from {found} except all select {exact} from {missing} order by all"
        )
        if rows := unlike.fetchall():
            return [f"{table}: {len(rows):,} rows are not in {schema}, such as {rows[0]}, of the columns {exact}"]
    return [said for name in floats for said in _far_apart(connection, table, name)]


def _far_apart(connection: duckdb.DuckDBPyConnection, table: str, name: str) -> list[str]:
    """What is to be said of a column of floating-point numbers of the temporary tables `one` and `other`."""
    far, example = connection.execute(f"""
        select count(*), any_value((one.{name}, other.{name}))
        from one inner join other using (place)
        where one.{name} is distinct from other.{name} and not coalesce(
            abs(one.{name} - other.{name}) <= {ABSOLUTE} + {RELATIVE} * greatest(abs(one.{name}), abs(other.{name})),
            false
        )
    """).fetchone()
    return [f"{table}.{name}: {far:,} numbers differ, such as {example}"] if far else []


def _tables(connection: duckdb.DuckDBPyConnection, database: str, schema: str) -> list[str]:
    query = """
        select table_name from information_schema.tables
        where table_catalog = ? and table_schema = ? order by table_name
    """
    return [name for (name,) in connection.execute(query, [database, schema]).fetchall() if not name.endswith(DIGESTS)]


def columns_of(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[tuple[str, str]]:
    """The columns of a table that was read and their types, in alphabetical order, but for build_id."""
    query = """
        select column_name, data_type from information_schema.columns
        where table_catalog = 'memory' and table_schema = ? and table_name = ? and column_name <> 'build_id'
        order by column_name
    """
    return connection.execute(query, [schema, table]).fetchall()
