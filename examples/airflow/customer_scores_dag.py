"""customer_scores in Airflow: one build that publishes all or nothing, then its marts as tasks, drawn by Cosmos.

Cosmos does not run dbt here: `ops.build` does, which takes the lock, builds on a copy, audits it and shows it to
readers at once. The task of a mart runs nothing: it says that this mart is new, so that other DAGs can be scheduled on
it. `ops.scheduled` says what it takes from the environment.
"""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, TaskGroup, task
from airflow.sdk.exceptions import AirflowFailException
from cosmos import DbtTaskGroup, LoadMode, ProfileConfig, ProjectConfig, RenderConfig, TestBehavior
from cosmos.constants import DbtResourceType
from cosmos.dbt.graph import DbtNode

from ops import scheduled
from ops.messages import BuildError


@task(retries=2, retry_delay=timedelta(minutes=10))
def build() -> dict[str, int]:
    """One build. What fails publishes nothing, and readers keep the marts of before. Returns rows by table."""
    try:
        return scheduled.build()["rows"]
    except BuildError as error:
        if error.exit_code in scheduled.PASSING:
            raise
        raise AirflowFailException(str(error)) from error


def published(dag: DAG, task_group: TaskGroup, node: DbtNode, **_) -> EmptyOperator:
    """The task of a mart: what Cosmos calls for each model that it draws."""
    return EmptyOperator(
        task_id=node.name, dag=dag, task_group=task_group, outlets=[Asset(f"customer_scores.{node.name}")]
    )


with DAG(
    "customer_scores",
    description="Customer scores, built and published each night",
    schedule="15 2 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
) as dag:
    marts = DbtTaskGroup(
        group_id="marts",
        project_config=ProjectConfig(scheduled.PROJECT, manifest_path=scheduled.MANIFEST, install_dbt_deps=False),
        # Cosmos asks for one, and uses none.
        profile_config=ProfileConfig("customer_scores", "dev", scheduled.PROJECT / "profiles.yml"),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=["path:models/marts", "path:models/quality"],
            test_behavior=TestBehavior.NONE,
            node_converters={DbtResourceType.MODEL: published},
        ),
    )
    build() >> marts
