"""What BI tools and analysts do with the published marts."""

import json
import subprocess

import duckdb
import numpy as np
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
# After two seconds, which a busy machine needs, a bar would stand in what is printed.
connection.execute("set enable_progress_bar = false")
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
        columns = connection.sql("select table_name, column_name from information_schema.columns").fetchall()
        written = connection.sql("select count(comment), count(matched_words) from low_csat_audit").fetchall()
    private = {"comment", "matched_words", "customer_name", "raw_row", "properties"}
    # Which are there for companies that publish comments.
    allowed = {("low_csat_audit", "comment"), ("low_csat_audit", "matched_words")}
    assert {place for place in columns if place[1] in private} <= allowed
    assert written == [(0, 0)]


def test_analysts_without_dbt_call_the_formulas_of_the_file(demo, build):
    with duckdb.connect(str(build(demo).marts), read_only=True) as connection:
        query = """
            select * exclude (metric),
                nps(positives, negatives, counted), nps_low(positives, negatives, counted),
                nps_high(positives, negatives, counted), wilson_low(positives, counted), wilson_high(positives, counted)
            from (select metric, positives, negatives, counted, score, ci_low, ci_high from survey_scores)
            where metric = ? and counted > 0 and score is not null
        """
        nps, csat = (np.array(connection.execute(query, [metric]).fetchall()) for metric in ("nps", "csat"))
        np.testing.assert_allclose(nps[:, 6:9], nps[:, 3:6], atol=1e-9)
        np.testing.assert_allclose(100 * csat[:, 9:], csat[:, 4:6], atol=1e-9)
        # Answers 5, 6 and 7; the others as published by Newcombe or worked out with statsmodels.
        found = connection.execute("""
            select nps_standard_error(3, 1, 6), mean_standard_error(18, 110, 3), t_low(18, 110, 3), t_high(18, 110, 3),
                newcombe_low(56, 70, 48, 80), newcombe_high(56, 70, 48, 80), z_of_shares(56, 70, 48, 80),
                z_of_means(1, 3, 2, 4), two_sided_p(1.959963984540054),
                customer_lifetime_value(100, 0.8, 0.1), t_low(18, 110, 1)
        """).fetchone()
    expected = [30.43, 0.5774, 3.5159, 8.4841, 0.0524, 0.3339, 2.6502, -0.2, 0.05, 266.667]
    assert found[:-1] == pytest.approx(expected, abs=0.005) and found[-1] is None


def test_the_ready_queries_run_on_the_marts(demo, build, dbt):
    result = build(demo)
    compiled = dbt("compile", "--select", "resource_type:analysis")
    queries = {done.node.name: done.node.compiled_code for done in compiled}
    assert set(queries) == {path.stem for path in (REPOSITORY / "analyses").glob("*.sql")}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{result.marts}' as customer_scores (read_only)")
        for name, query in queries.items():
            assert connection.sql(query).fetchall(), f"{name} finds nothing in the demo company"
