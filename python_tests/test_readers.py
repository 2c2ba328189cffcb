"""What BI tools and analysts do with the published marts."""

import json
import subprocess

import duckdb
import pytest
from real_data import REPOSITORY
from test_oracle import OF_TODAY


def test_published_marts_open_in_the_versions_that_bi_drivers_have(demo, build):
    python = REPOSITORY / ".venv-bouncer" / "bin" / "python"
    if not python.exists():
        pytest.skip("`make lint` makes .venv-bouncer, which has a DuckDB before 2.0.")
    code = """
import duckdb, json, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
counts = [connection.sql(query).fetchone()[0] for query in json.loads(sys.argv[2])]
print(json.dumps([duckdb.__version__, counts]))
"""
    result = build(demo)
    with duckdb.connect(str(result.marts), read_only=True) as connection:
        tables = connection.sql("select table_schema, table_name from information_schema.tables").fetchall()
        # By the name that a query may use for the database, whichever version the link points to.
        queries = [
            f"select count(*) from customer_scores.{schema}.{name} "
            + ("where score_date = as_of_date" if name in OF_TODAY else "")
            for schema, name in tables
        ]
        queries.append("select count(*) from engagement_as_known(date '2026-05-31', date '2026-05-15')")
        expected = [connection.sql(query).fetchall()[0][0] for query in queries]
    done = subprocess.run(
        [python, "-c", code, result.marts, json.dumps(queries)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    version, counts = json.loads(done.stdout)
    assert version.startswith("1.5.")
    assert counts == expected
    assert counts[-1] > 0


def test_the_marts_hold_no_name_and_no_comment(demo, build):
    with duckdb.connect(str(build(demo).marts), read_only=True) as connection:
        columns = connection.sql("select distinct column_name from information_schema.columns").fetchall()
    assert not {"comment", "customer_name", "raw_row", "properties"} & {name for (name,) in columns}


def test_the_ready_queries_run_on_the_marts(demo, build, dbt):
    result = build(demo)
    compiled = dbt("compile", "--select", "resource_type:analysis")
    queries = {done.node.name: done.node.compiled_code for done in compiled}
    assert set(queries) == {path.stem for path in (REPOSITORY / "analyses").glob("*.sql")}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{result.marts}' as customer_scores (read_only)")
        for name, query in queries.items():
            assert connection.sql(query).fetchall(), f"{name} finds nothing in the demo company"
