"""A Postgres server of a test's own: made in a folder, on a port of the loopback, and gone afterwards."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2

PROJECT = Path(__file__).resolve().parents[2]
# A test's server need not survive a loss of power; and compiling a query takes longer than the query.
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
jit = off
work_mem = '128MB'
shared_buffers = '512MB'
max_wal_size = '4GB'
"""
PLACES = ["/usr/lib/postgresql/*/bin", "/usr/local/bin", "/usr/bin"]


@contextmanager
def server(folder: Path) -> Iterator[dict[str, str]]:
    """Runs a server that has the roles of ops/postgres_roles.sql, and yields what names it.

    That is the environment of a command that is to use it: as `engineer`, who may load and build. `folder` must not
    exist.
    """
    # The server refuses to run as root, and must be able to open what lies in the folder.
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    folder.mkdir()
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"

    def run(program: str, *arguments: object) -> None:
        # The server keeps what it is given to write to; a pipe would never end.
        with open(folder / f"{program}.out", "w") as output:
            command = [*as_user, find(program), *map(str, arguments)]
            subprocess.run(command, check=True, cwd=folder, stdout=output, stderr=output, stdin=subprocess.DEVNULL)

    run("initdb", "--pgdata", data, "--username", "admin", "--auth", "trust", "--encoding", "UTF8", "--locale", "C")
    with open(data / "postgresql.conf", "a") as file:
        file.write(f"{SETTINGS}port = {port}\n")
    run("pg_ctl", "--pgdata", data, "--log", folder / "server.log", "--wait", "start")
    try:
        with_admin = {"host": "127.0.0.1", "port": port, "user": "admin"}
        connection = psycopg2.connect(dbname="postgres", **with_admin)
        connection.autocommit = True
        connection.cursor().execute("create database customer_scores")
        connection.close()
        connection = psycopg2.connect(dbname="customer_scores", **with_admin)
        with connection, connection.cursor() as cursor:
            cursor.execute((PROJECT / "ops/postgres_roles.sql").read_text())
            cursor.execute(
                "create role engineer login; grant customer_scores_loader, customer_scores_builder to engineer"
            )
        connection.close()
        yield {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGDATABASE": "customer_scores", "PGUSER": "engineer"}
    finally:
        run("pg_ctl", "--pgdata", data, "--mode", "immediate", "stop")


def find(program: str) -> str:
    """The path of a program of the server, of the newest version installed."""
    for place in PLACES:
        found = sorted(Path("/").glob(f"{place}/{program}".lstrip("/")))
        if found:
            return str(found[-1])
    raise FileNotFoundError(f"There is no {program}: install a PostgreSQL server of version 15 or later.")
