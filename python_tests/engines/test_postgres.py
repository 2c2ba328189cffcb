"""The same marts on a Postgres server, and what readers of it see while builds run. `make test-postgres`."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import psycopg2
import published
import pytest
from postgres_server import PROJECT, server
from real_data import DATA_FILES, mapped

from ops.postgres import fetch
from ops.publish import Warehouse

DEMO = PROJECT / "data" / "demo"
# Up to these days the demo company's rows have come when the first two of three builds run.
LOADED_BY = ["2025-03-15", "2025-05-20"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The environment that names the server."""
    # A folder that the server's user can enter.
    with server(tmp_path_factory.getbasetemp().parent.parent / f"postgres-{os.getpid()}") as environment:
        yield os.environ | environment


def run(module: str, place: dict, *arguments: object) -> subprocess.CompletedProcess:
    """Runs one of the commands."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, cwd=PROJECT, env=place, capture_output=True, text=True)


def build(place: dict, work, raw=None, settings=None, *arguments: object) -> None:
    """Loads `raw` and builds on the server."""
    if raw:
        with connect(place) as owner, owner.cursor() as cursor:
            # What another company has and this one lacks.
            cursor.execute("set role customer_scores_loader; drop table if exists landing.events cascade")
            cursor.execute("drop table if exists landing.survey_answers, landing.customers cascade")
        loaded = run("ops.load_postgres", place, "--raw", raw)
        assert loaded.returncode == 0, loaded.stderr
    options = ["--settings", settings] if settings else []
    built = run("ops.build_postgres", place, "--work", work, *options, *arguments)
    assert built.returncode == 0, built.stdout + built.stderr


def connect(place: dict, user: str = "engineer") -> psycopg2.extensions.connection:
    return psycopg2.connect(host=place["PGHOST"], port=place["PGPORT"], dbname=place["PGDATABASE"], user=user)


def assert_same_as_duckdb(place: dict, raw, settings, folder) -> None:
    """Builds `raw` with DuckDB as well, and compares all that is published."""
    options = ["--settings", settings] if settings else []
    built = run("ops.build", os.environ, "--raw", raw, "--warehouse", folder / "duckdb", *options)
    assert built.returncode == 0, built.stdout + built.stderr
    connection = duckdb.connect()
    published.read_duckdb(connection, "duckdb", Warehouse(folder / "duckdb").published())
    reader = connect(place, "engineer")
    with reader.cursor() as cursor:
        cursor.execute("set role customer_scores_builder")
    connection.execute("create schema postgres")
    with reader.cursor() as cursor:
        cursor.execute("""
            select table_schema, table_name from information_schema.tables
            where table_schema in ('customer_scores', 'customer_scores_history')
        """)
        for schema, table in cursor.fetchall():
            if not table.endswith(published.DIGESTS):
                query = f"select * from {schema}.{table} {published.days_compared(table)}"
                types = dict(published.columns_of(connection, "duckdb", table))
                fetch(cursor, query, connection, f"postgres.{table}", types)
    assert published.differences(connection, "duckdb", "postgres") == []


@pytest.mark.parametrize("example", DATA_FILES)
def test_real_data_have_the_same_rows(example, place, tmp_path):
    raw = mapped(example, tmp_path / "raw")
    settings = raw / "settings" if (raw / "settings").is_dir() else None
    build(place, tmp_path / "work", raw, settings, "--full-refresh")
    assert_same_as_duckdb(place, raw, settings, tmp_path)


def test_three_increments_have_the_rows_of_one_build(place, tmp_path):
    for day in LOADED_BY:
        raw = tmp_path / day
        raw.mkdir()
        with duckdb.connect() as connection:
            for table, time_known in [
                ("events", "loaded_at"),
                ("survey_answers", "loaded_at"),
                ("customers", "updated_at"),
            ]:
                file = next(DEMO.glob(f"{table}.*"))
                reader = f"read_csv('{file}', all_varchar = true)" if file.suffix == ".csv" else f"'{file}'"
                loaded = f"coalesce(try_cast({time_known} as timestamp) < '{day}', true)"
                connection.execute(f"copy (from {reader} where {loaded}) to '{raw / file.name}'")
        build(place, tmp_path / "work", raw)
    build(place, tmp_path / "work", DEMO)
    # Over what is there: the same again.
    build(place, tmp_path / "work", None, None, "--analyse")
    assert_same_as_duckdb(place, DEMO, None, tmp_path)


def begin_build(place: dict, work: Path, until: str) -> subprocess.Popen:
    """Starts a build, and returns when it has said a line with that text."""
    command = [sys.executable, "-m", "ops.build_postgres", "--work", work]
    process = subprocess.Popen(
        command, cwd=PROJECT, env=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    for line in process.stdout:
        if until in line:
            break
    return process


def test_a_second_build_is_refused_while_one_is_at_work(place, tmp_path):
    first = begin_build(place, tmp_path / "first", "dbt has read the project")
    try:
        second = run("ops.build_postgres", place, "--work", tmp_path / "second")
        load = run("ops.load_postgres", place, "--raw", DEMO)
        assert second.returncode == load.returncode == 3
        assert "is at work: wait for its end" in second.stderr
        assert first.poll() is None
        said = first.stdout.read()
    finally:
        first.kill()
        first.wait()
    assert "Published" in said, said


def test_a_killed_build_leaves_the_lock_and_what_readers_see(place, tmp_path):
    before = build_ids(place)
    first = begin_build(place, tmp_path / "work", "int_engagement_windows")
    first.kill()
    first.wait()
    assert build_ids(place) == before
    for _ in range(50):
        # The server notices that its client has gone when the statement ends.
        ended = run("ops.build_postgres", place, "--work", tmp_path / "work")
        if ended.returncode != 3:
            break
        time.sleep(0.2)
    assert ended.returncode == 0, ended.stderr
    assert build_ids(place) != before


def build_ids(place: dict) -> set[str]:
    """The builds of which two tables have rows, in one query."""
    with connect(place) as reader, reader.cursor() as cursor:
        cursor.execute("set role customer_scores_builder")
        tables = [f"select build_id from customer_scores.{table}" for table in ("customer_scores", "survey_scores")]
        cursor.execute(" union ".join(tables))
        return {row[0] for row in cursor.fetchall()}


def test_readers_see_one_whole_build_while_another_is_published(place, tmp_path):
    seen, failed, is_done = [], [], threading.Event()

    def read() -> None:
        while not is_done.is_set():
            try:
                seen.append(build_ids(place))
            except psycopg2.Error as error:
                failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        build(place, tmp_path / "work")
    finally:
        is_done.set()
        for reader in readers:
            reader.join()
    assert not failed
    assert all(len(ids) == 1 for ids in seen)
    assert len(set.union(*seen)) == 2


def test_readers_see_their_own_segments_after_every_build(place, tmp_path):
    admin = connect(place, "admin")
    with admin, admin.cursor() as cursor:
        cursor.execute("""
            create role of_pro login; create role of_all login; create role of_nothing login;
            grant customer_scores_reader to of_pro, of_all, of_nothing;
            insert into access.segment_owners values ('of_pro', 'plan', 'pro'), ('of_all', 'all', 'all');
        """)
    assert_rights(place)
    build(place, tmp_path / "work")
    assert_rights(place)
    build(place, tmp_path / "work", None, None, "--full-refresh")
    assert_rights(place)


def assert_rights(place: dict) -> None:
    """Looks as each reader."""
    plans = "select distinct plan from customer_scores.dim_customers"
    of_scores = """
        select distinct customers.plan from customer_scores.fct_engagement_scores as scores
        join customer_scores.dim_customers as customers using (customer_id)
    """
    segments = "select distinct segment_dimension, segment_value from customer_scores.survey_scores"
    everything = "select count(*) from customer_scores.fct_engagement_scores"
    assert look(place, "of_pro", plans) == look(place, "of_pro", of_scores) == {("pro",)}
    assert look(place, "of_pro", segments) == {("plan", "pro")}
    assert look(place, "of_nothing", plans) == look(place, "of_nothing", segments) == set()
    assert look(place, "of_nothing", everything) == {(0,)}
    assert len(look(place, "of_all", plans)) > 2
    assert look(place, "of_all", everything) > {(0,)} or look(place, "of_all", everything) != {(0,)}
    for secret in (
        "build.stg_survey_answers",
        "build_marts.dim_customers",
        "landing.customers",
        "access.segment_owners",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            look(place, "of_all", f"select * from {secret}")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        look(place, "of_pro", "delete from customer_scores.dim_customers")


def look(place: dict, user: str, query: str) -> set[tuple]:
    """The rows that a user sees."""
    with connect(place, user) as reader, reader.cursor() as cursor:
        cursor.execute(query)
        return set(cursor.fetchall())
