"""A Postgres server: the connection, the lock that lets one command at a time change what it holds, and its tables.

The server is named as by libpq, by PGHOST, PGPORT, PGDATABASE and PGUSER; the password is DBT_ENV_SECRET_PGPASSWORD.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from ops.messages import BuildError

LOCK = "customer_scores"
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


def connect(role: str, application: str) -> Connection:
    """A connection in the rights of `role`, one of the three of ops/postgres_roles.sql, and known by `application`.

    Raises BuildError where the server cannot be reached or the user is no member of the role.
    """
    parameters = {
        "host": os.environ.get("PGHOST", "localhost"),
        "port": os.environ.get("PGPORT", "5432"),
        "dbname": os.environ.get("PGDATABASE", "customer_scores"),
        "user": os.environ.get("PGUSER", role),
        "password": os.environ.get("DBT_ENV_SECRET_PGPASSWORD", ""),
    }
    try:
        server = psycopg2.connect(application_name=application, **parameters)
        with server, server.cursor() as cursor:
            cursor.execute(f"set role {role}")
    except psycopg2.OperationalError as error:
        place = "{user} at {host}:{port}/{dbname}".format(**parameters)
        said = str(error).strip().splitlines()[-1]
        raise BuildError(f"No connection as {place}, from PGUSER, PGHOST, PGPORT and PGDATABASE: {said}") from error
    except psycopg2.Error as error:
        said = str(error).strip().splitlines()[0]
        raise BuildError(
            f"The user {parameters['user']} cannot act as {role}: {said}. Run ops/postgres_roles.sql once as an "
            f"administrator, and `grant {role} to {parameters['user']}`."
        ) from error
    return server


@contextmanager
def locked(server: Connection) -> Iterator[None]:
    """Holds the lock of the database as long as the block runs; it ends with the connection, however that ends.

    Raises BuildError, with exit code 3, where another connection holds it.
    """
    with server.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(hashtext(%s))", [LOCK])
        is_ours = cursor.fetchone()[0]
        if not is_ours:
            cursor.execute(
                """
                select activity.application_name, activity.usename, activity.pid, activity.backend_start
                from pg_locks as locks
                join pg_stat_activity as activity on locks.pid = activity.pid
                where locks.locktype = 'advisory' and locks.granted
                    and locks.objid = cast(cast(hashtext(%s) as bit(32)) as bigint)
                    and activity.datname = current_database()
                """,
                [LOCK],
            )
            holder = cursor.fetchone()
        server.commit()
        if not is_ours:
            name, user, pid, began = holder or ("another command", "somebody", "?", "just now")
            raise BuildError(
                f"{name} of {user} (process {pid} of the server, there since {began}) is at work: wait for its end.", 3
            )
        try:
            yield
        finally:
            if not server.closed:
                server.rollback()
                cursor.execute("select pg_advisory_unlock(hashtext(%s))", [LOCK])
                server.commit()


def store(source: duckdb.DuckDBPyConnection, query: str, cursor: Cursor, table: sql.Identifier) -> None:
    """Makes a table, anew where there is one, of the rows of a query of DuckDB, in their order."""
    definitions, selected = [], []
    for name, kind, *_ in source.execute(f"describe {query}").fetchall():
        is_known = kind.startswith("DECIMAL") or kind in TYPES
        server_type = TYPES.get(kind, kind if is_known else "text")
        definitions.append(sql.SQL("{} {}").format(sql.Identifier(name.lower()), sql.SQL(server_type)))
        quoted = '"' + name.replace('"', '""') + '"'
        # A server takes no NUL characters, and staging takes them away in DuckDB too.
        selected.append(quoted if is_known else f"replace(cast({quoted} as varchar), chr(0), '') as {quoted}")
    cursor.execute(sql.SQL("drop table if exists {} cascade").format(table))
    cursor.execute(sql.SQL("create table {} ({})").format(table, sql.SQL(", ").join(definitions)))
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        rows = f"(select {', '.join(selected)} from ({query}))"
        source.execute(f"copy {rows} to '{file.name}' (format csv, header false, force_quote *)")
        with open(file.name, "rb") as lines:
            cursor.copy_expert(sql.SQL("copy {} from stdin (format csv)").format(table), lines)
    cursor.execute(sql.SQL("analyze {}").format(table))


def fetch(cursor: Cursor, query: str, into: duckdb.DuckDBPyConnection, table: str, types: dict[str, str]) -> None:
    """Makes a table of DuckDB of the rows of a query of the server. A column whose type is not given is a text."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        with open(file.name, "wb") as lines:
            cursor.copy_expert(f"copy ({query}) to stdout (format csv, header, force_quote *)", lines)
        # Of all that is empty, what is not quoted is null.
        reader = f"read_csv('{file.name}', all_varchar = true, header = true, nullstr = '', allow_quoted_nulls = false)"
        names = [row[0] for row in into.execute(f"describe from {reader}").fetchall()]
        typed = ", ".join(f'cast("{name}" as {types.get(name, "varchar")}) as "{name}"' for name in names)
        into.execute(f"create table {table} as select {typed} from {reader}")


def types_of(cursor: Cursor, table: str) -> dict[str, str]:
    """The columns of a table or view of the server, by name, each with the type that DuckDB has for it."""
    cursor.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
        [table],
    )
    # A sum of whole numbers has no size there; the largest that DuckDB has keeps its digits and some places.
    others = {"numeric": "decimal(38, 9)", "json": "varchar", "timestamp without time zone": "timestamp"}
    return {name: others.get(kind, kind) for name, kind in cursor.fetchall()}
