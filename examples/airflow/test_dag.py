"""The example in Airflow, loaded and run: `make test-airflow`."""

import customer_scores_dag  # not the DAG itself: Airflow would find it here, too
import pytest
from airflow.utils.db import initdb


def run() -> dict[str, str]:
    """Runs the DAG in this process, and returns the state in which each task ended."""
    return {instance.task_id: instance.state for instance in customer_scores_dag.dag.test().get_task_instances()}


@pytest.fixture(scope="module")
def built(folder) -> dict[str, str]:
    initdb()
    return run()


def test_the_build_runs_first_and_every_published_mart_follows(built):
    assert set(built) == set(customer_scores_dag.dag.task_ids)
    assert set(built.values()) == {"success"}
    assert {"build", "marts.customer_scores", "marts.survey_scores", "marts.row_reconciliation"} <= set(built)
    assert all(
        "build" in one.get_flat_relative_ids(upstream=True)
        for one in customer_scores_dag.dag.tasks
        if one.task_id != "build"
    )


def test_another_dag_can_be_scheduled_on_a_mart():
    (outlet,) = customer_scores_dag.dag.get_task("marts.customer_scores").outlets
    assert outlet.name == "customer_scores.customer_scores"


def test_a_build_that_fails_says_why_and_shows_readers_what_they_had(built, readers_see, lose_a_column, capfd):
    before = readers_see()
    lose_a_column()
    failed = run()
    assert failed.pop("build") == "failed"
    assert set(failed.values()) == {"upstream_failed"}
    printed = capfd.readouterr()
    assert "events.occurred_at is missing" in printed.out + printed.err
    assert "last_build.txt" in printed.out + printed.err
    assert readers_see() == before
