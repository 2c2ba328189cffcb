"""What BI tools and analysts do with the published marts."""

import json
import subprocess

import duckdb
import pytest
from real_data import REPOSITORY


def test_published_marts_open_in_the_versions_that_bi_drivers_have(demo, build):
    python = REPOSITORY / ".venv-bouncer" / "bin" / "python"
    if not python.exists():
        pytest.skip("`make lint` makes .venv-bouncer, which has a DuckDB before 2.0.")
    code = """
import duckdb, json, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
tables = [name for (name,) in connection.sql("select table_name from information_schema.tables").fetchall()]
today = "where score_date = as_of_date"
where = {name: today if name == "fct_engagement_contributions" else "" for name in tables}
counts = {name: connection.sql(f'select count(*) from "{name}" {where[name]}').fetchone()[0] for name in tables}
print(json.dumps([duckdb.__version__, counts]))
"""
    marts = build(demo).marts
    done = subprocess.run([python, "-c", code, marts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    version, counts = json.loads(done.stdout)
    assert version.startswith("1.5.")
    receipts = counts.pop("fct_engagement_contributions")
    with duckdb.connect(str(marts), read_only=True) as connection:
        for name, count in counts.items():
            assert connection.sql(f'select count(*) from "{name}"').fetchall() == [(count,)]
        # The name that a query may use for the database, whichever version the link points to.
        today = "from customer_scores.main.fct_engagement_contributions where score_date = as_of_date"
        assert connection.sql(f"select count(*) {today}").fetchall() == [(receipts,)]
    assert receipts > 0


def test_a_receipt_adds_up_on_every_day_of_a_customer(demo, build):
    with duckdb.connect(str(build(demo).marts), read_only=True) as connection:
        customers = connection.sql("""
            select customer_id from fct_engagement_scores group by all order by sum(points) desc limit 3
        """).fetchall()
        for (customer,) in customers:
            wrong = connection.execute(
                """
                select scores.score_date, scores.points, sum(receipts.points)
                from fct_engagement_scores as scores
                left join fct_engagement_contributions as receipts using (customer_id, score_date)
                where scores.customer_id = $1
                group by scores.score_date, scores.points, scores.event_count
                having
                    scores.points <> coalesce(sum(receipts.points), 0)
                    or scores.event_count <> coalesce(sum(receipts.event_count), 0)
                """,
                [customer],
            ).fetchall()
            assert not wrong


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
