"""What the benchmarks read from dbt's log."""

from benchmarks.engagement import sql_seconds

LOG = """\
06:43:35.435442 [debug] [ThreadPool]: SQL status: OK in 0.050 seconds
06:43:35.708916 [debug] [MainThread]: SQL status: OK in 0.200 seconds
06:43:36.059904 [debug] [Thread-1 (]: Began running node model.customer_scores.scores
06:43:36.144940 [debug] [Thread-1 (]: SQL status: OK in 1.500 seconds
06:43:36.145940 [debug] [Thread-1 (]: On model.customer_scores.scores: select '[MainThread]: SQL status: OK'
06:43:36.174484 [debug] [Thread-1 (]: SQL status: OK in 0.250 seconds
06:43:36.238192 [debug] [Thread-1 (]: Finished running node model.customer_scores.scores
06:43:36.238888 [debug] [Thread-1 (]: Began running node test.customer_scores.unique_scores
06:43:36.265218 [debug] [Thread-1 (]: SQL status: OK in 4.000 seconds
06:43:36.708916 [debug] [MainThread]: SQL status: OK in 0.500 seconds
"""


def test_seconds_of_sql_are_those_of_the_node_that_ran_it(tmp_path):
    (tmp_path / "dbt.log").write_text(LOG)
    assert sql_seconds(tmp_path / "dbt.log") == {
        "operation.": 0.75,
        "model.customer_scores.scores": 1.75,
        "test.customer_scores.unique_scores": 4.0,
    }
