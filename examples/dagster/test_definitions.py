"""The example in Dagster, loaded and materialised: `make test-dagster`."""

import dagster as dg
import pytest
from definitions import customer_scores, defs


def materialise() -> dg.ExecuteInProcessResult:
    return dg.materialize([customer_scores], instance=dg.DagsterInstance.ephemeral(), raise_on_error=False)


@pytest.fixture(scope="module")
def built(folder) -> dg.ExecuteInProcessResult:
    return materialise()


def test_every_model_is_an_asset_and_every_test_of_one_a_check(built):
    assert built.success
    made = {event.asset_key for event in built.get_asset_materialization_events()}
    checks = {check.asset_check_key: check.passed for check in built.get_asset_check_evaluations()}
    assert made == set(customer_scores.keys)
    assert set(checks) == set(customer_scores.check_keys)
    assert {dg.AssetKey(["customer_scores"]), dg.AssetKey(["survey_scores"])} <= made
    assert len(checks) > 100
    assert all(checks.values())


def test_a_published_mart_tells_its_rows_and_its_build(built, readers_see):
    metadata = {
        event.asset_key.path[-1]: event.materialization.metadata for event in built.get_asset_materialization_events()
    }
    mart = metadata["customer_scores"]
    assert mart["dagster/row_count"].value == 2
    assert mart["build_id"].value == readers_see().parent.name


def test_the_schedule_builds_all_of_it():
    schedule = defs.resolve_schedule_def("nightly")
    assert schedule.cron_schedule == "15 2 * * *"
    assert defs.resolve_job_def(schedule.job_name).asset_layer.executable_asset_keys == customer_scores.keys


def test_a_build_that_fails_says_why_and_shows_readers_what_they_had(built, readers_see, lose_a_column):
    before = readers_see()
    lose_a_column()
    failed = materialise()
    assert not failed.success
    (failure,) = [event.event_specific_data for event in failed.all_events if event.is_step_failure]
    assert "events.occurred_at is missing" in failure.user_failure_data.description
    assert "last_build.txt" in failure.user_failure_data.description
    assert not [event for event in failed.all_events if event.is_step_up_for_retry]
    assert readers_see() == before
    assert not failed.get_asset_materialization_events()
