"""The connection to a Postgres server, and the lock that lets one command at a time change what it holds.

The server is named as by libpq, by PGHOST, PGPORT, PGDATABASE and PGUSER; the password is DBT_ENV_SECRET_PGPASSWORD.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection

from ops.messages import BuildError

LOCK = "customer_scores"


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
