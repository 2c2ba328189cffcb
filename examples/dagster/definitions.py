"""customer_scores in Dagster: its models as assets, its tests as checks, and one build that publishes all or nothing.

Dagster does not run dbt itself: `ops.build` does, which takes the lock, builds on a copy, audits it and shows it to
readers at once. What dbt reported is then handed to Dagster. `ops.scheduled` says what it takes from the environment.
"""

import json
from collections.abc import Iterator

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from ops import scheduled
from ops.messages import BuildError


class Translator(DagsterDbtTranslator):
    """Groups assets as the project's folders do: staging, intermediate, engagement, surveys ..."""

    def get_group_name(self, dbt_resource_props: dict) -> str:
        return dbt_resource_props["fqn"][-2]


MANIFEST = json.loads(scheduled.MANIFEST.read_text(encoding="utf-8"))
TRANSLATOR = Translator()


@dbt_assets(
    manifest=MANIFEST,
    # These a build leaves to `make test`.
    exclude="tag:keys_of_steps test_type:unit",
    dagster_dbt_translator=TRANSLATOR,
    retry_policy=dg.RetryPolicy(max_retries=2, delay=600),
)
def customer_scores(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """One build. What fails publishes nothing, and readers keep the marts of before."""
    try:
        entry = scheduled.build()
    except BuildError as error:
        raise dg.Failure(str(error), allow_retries=error.exit_code in scheduled.PASSING) from error
    # A materialisation for each model of the published build, a check for each test.
    results = scheduled.warehouse() / "work" / "target" / "run_results.json"
    for result in json.loads(results.read_text(encoding="utf-8"))["results"]:
        node = MANIFEST["nodes"].get(result["unique_id"], {})
        if node.get("resource_type") in ("model", "seed"):
            yield materialised(node, result, entry)
        elif check := get_asset_check_key_for_test(MANIFEST, TRANSLATOR, result["unique_id"], project=None):
            yield dg.AssetCheckResult(
                asset_key=check.asset_key,
                check_name=check.name,
                passed=result["status"] == "pass",
                # What is an error has stopped the build.
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"rows": result["failures"] or 0},
            )


def materialised(node: dict, result: dict, entry: dict) -> dg.MaterializeResult:
    """What Dagster shows of a model: `node` of the manifest, its `result` by dbt, the build's `entry` (journal)."""
    rows = entry["rows"].get(node["name"])
    return dg.MaterializeResult(
        asset_key=TRANSLATOR.get_asset_key(node),
        metadata={
            "build_id": entry["build_id"],
            "as_of_date": entry["as_of_date"],
            "seconds": result["execution_time"],
            **({} if rows is None else {"dagster/row_count": rows}),
        },
    )


build = dg.define_asset_job("build", selection=dg.AssetSelection.assets(customer_scores))
nightly = dg.ScheduleDefinition(name="nightly", job=build, cron_schedule="15 2 * * *", execution_timezone="UTC")
defs = dg.Definitions(assets=[customer_scores], jobs=[build], schedules=[nightly])
