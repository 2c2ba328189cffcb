"""MetricFlow makes of additive columns what the marts hold, by every dimension; docs and comments reach who reads."""

import io
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from dbt.contracts.graph.semantic_manifest import SemanticManifest
from real_data import REPOSITORY

SEGMENTS = "customer__segment_dimension,customer__segment_value"
BY_SEGMENT = {"customer__segment_dimension": "segment_dimension", "customer__segment_value": "segment_value"}
COUNTS = {
    "questions_asked": "asked",
    "answers_given": "answered",
    "counted_answers": "counted",
}
KINDS = {"positive_answers": "positives", "neutral_answers": "neutrals", "negative_answers": "negatives"}
MONTHS = "from survey_scores where period_grain = 'month'"
# What is asked for, by what, and the rows of the marts that must come: keys and metrics by the names of both.
# Scores that the marts suppress are left out of the comparison; that the counts below them agree is compared of all.
CASES = {
    "survey_counts": (
        {"metric_time__month": "period_start", "answer__survey_metric": "metric", **BY_SEGMENT},
        COUNTS,
        f"select * {MONTHS}",
    ),
    "kinds_of_answers": (
        {"metric_time__month": "period_start", "answer__survey_metric": "metric", **BY_SEGMENT},
        KINDS,
        f"select * {MONTHS} and not is_suppressed",
    ),
    "mean_answer": (
        {"metric_time__month": "period_start", "answer__survey_metric": "metric", **BY_SEGMENT},
        {"mean_answer": "mean_score", "counted_points": "points", "response_rate": "rate"},
        f"select *, mean_score * counted as points, answered / nullif(asked, 0) as rate {MONTHS} and not is_suppressed",
    ),
    **{
        f"{metric}_by_{name}": (
            {"metric_time__month": "period_start", **keys},
            {metric: "score"},
            f"select * {MONTHS} and metric = '{metric}' and not is_suppressed and score is not null and {which}",
        )
        for metric in ("nps", "csat", "effort")
        for name, keys, which in (("month", {}, "segment_dimension = 'all'"), ("segment", BY_SEGMENT, "true"))
    },
    "engagement": (
        {"metric_time__day": "score_date", **BY_SEGMENT},
        {
            "customer_days": "customers",
            "scored_customer_days": "scored_customers",
            "engagement_score": "mean_score",
            "engagement_score_sum": "score_sum",
        },
        "select *, mean_score * scored_customers as score_sum from segment_engagement",
    ),
    "engagement_bands": (
        {"metric_time__day": "score_date", "engagement_day__engagement_band": "band", **BY_SEGMENT},
        {"customer_days": "customers"},
        """
        unpivot (
            select score_date, segment_dimension, segment_value, at_risk_customers as "at risk",
                low_customers as low, medium_customers as medium, high_customers as high
            from segment_engagement
        ) on "at risk", low, medium, high into name band value customers
        """,
    ),
    "active_customers": (
        {"metric_time__month": "month", **BY_SEGMENT},
        {"active_customers": "customers"},
        """
        select date_trunc('month', score_date) as month, segment_dimension, segment_value,
            count(distinct scores.customer_id) as customers
        from fct_engagement_scores as scores
        join customer_segments as segments on scores.customer_id = segments.customer_id
            and score_date between valid_from and coalesce(valid_to, score_date)
        where status = 'active'
        group by all
        """,
    ),
    "retention": (
        {
            "metric_time__month": "period_start",
            "segment_month__segment_dimension": "segment_dimension",
            "segment_month__segment_value": "segment_value",
        },
        {
            "customers_at_start": "customers_at_start",
            "customers_retained": "retained",
            "retention_rate": "retention_rate",
        },
        "select * from retention",
    ),
    "retention_of_all": (
        {"metric_time__quarter": "quarter"},
        {"retention_rate": "rate"},
        """
        select date_trunc('quarter', period_start) as quarter,
            sum(retained) / nullif(sum(customers_at_start), 0) as rate
        from retention where segment_dimension = 'all' group by quarter
        """,
    ),
    "revenue": (
        {"metric_time__month": "period_start", "transaction_month__event_type": "event_type"},
        {"transactions": "transactions", "revenue": "revenue"},
        "select * from transaction_types",
    ),
}


@pytest.fixture(scope="module")
def semantic_manifest(manifest, tmp_path_factory) -> Path:
    """The semantic manifest that dbt writes."""
    path = tmp_path_factory.mktemp("semantic") / "semantic_manifest.json"
    SemanticManifest(manifest).write_json_to_file(str(path))
    return path


def ask(manifest: Path, warehouse: Path, *options: str) -> subprocess.CompletedProcess:
    """What `python -m ops.metrics` answers."""
    command = [sys.executable, "-m", "ops.metrics", "--warehouse", warehouse, "--manifest", manifest, *options]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=300)


def rows_of(text: str, keys: list[str]) -> pd.DataFrame:
    """The rows of an answer, or of a mart as CSV, by their keys."""
    table = pd.read_csv(io.StringIO(text), dtype=dict.fromkeys(keys, str), keep_default_na=False, na_values=[""])
    for key in keys:
        # A day comes as a date or as its midnight.
        table[key] = table[key].str.removesuffix(" 00:00:00")
    return table.set_index(keys).sort_index()


@pytest.mark.parametrize("case", CASES)
def test_metrics_roll_up_to_what_the_marts_hold(case, demo, build, semantic_manifest):
    keys, columns, query = CASES[case]
    result = build(demo)
    done = ask(semantic_manifest, result.warehouse, f"--metrics={','.join(columns)}", f"--by={','.join(keys)}")
    assert done.returncode == 0, done.stderr
    found = rows_of(done.stdout, list(keys))
    with duckdb.connect(str(result.marts), read_only=True) as connection:
        text = connection.sql(query).df()[[*keys.values(), *columns.values()]].to_csv(index=False)
    expected = (
        rows_of(text, list(keys.values()))
        .rename_axis(list(keys))
        .rename(columns=dict(zip(columns.values(), columns, strict=True)))
    )
    # A group in which nothing is counted has no row in the one, and zeros in the other.
    expected = expected[expected.fillna(0).ne(0).any(axis=1)]
    missing = expected.index.difference(found.index)
    assert len(expected) > 5
    assert missing.empty, missing[:5]
    pd.testing.assert_frame_equal(
        found.loc[expected.index, list(columns)].astype(float),
        expected[list(columns)].astype(float),
        rtol=1e-9,
        atol=1e-9,
    )


def test_every_metric_is_compared_and_every_semantic_model_is_published(demo, build, semantic_manifest):
    defined = json.loads(semantic_manifest.read_text())
    assert {metric["name"] for metric in defined["metrics"]} == {
        name for _, names, _ in CASES.values() for name in names
    }
    with duckdb.connect(str(build(demo).marts), read_only=True) as connection:
        tables = {name for (name,) in connection.sql("select table_name from information_schema.tables").fetchall()}
    assert {model["node_relation"]["alias"] for model in defined["semantic_models"]} <= tables
    text = (REPOSITORY / "docs" / "semantic-layer.md").read_text()
    assert [metric["name"] for metric in defined["metrics"] if f"`{metric['name']}`" not in text] == []


def test_what_cannot_be_asked_is_said(demo, build, semantic_manifest, tmp_path):
    done = ask(semantic_manifest, build(demo).warehouse, "--metrics=npz")
    assert done.returncode == 1 and "There is no such query of metrics" in done.stderr and "npz" in done.stderr
    done = ask(semantic_manifest, build(demo).warehouse, "--metrics=nps", "--where=plans = 'pro'")
    assert done.returncode == 1 and "correct WHERE" in done.stderr and '"plans"' in done.stderr
    done = ask(semantic_manifest, tmp_path, "--metrics=nps")
    assert done.returncode == 1 and "The marts cannot be queried; build first." in done.stderr


def test_the_published_file_says_what_each_table_and_column_is(manifest, demo, build):
    described = {}
    for node in manifest.nodes.values():
        if node.resource_type == "model" and node.database == "customer_scores" and node.schema == "main":
            described[node.name] = node.description.strip()
            described |= {(node.name, column.name): column.description.strip() for column in node.columns.values()}
    with duckdb.connect(str(build(demo).marts), read_only=True) as connection:
        comments = dict(
            connection.sql(
                "from (select table_name, comment from duckdb_tables() where schema_name = 'main'"
                " union all select view_name, comment from duckdb_views() where schema_name = 'main' and not internal)"
            ).fetchall()
        )
        comments |= {
            (table, column): comment
            for table, column, comment in connection.sql(
                "select table_name, column_name, comment from duckdb_columns()"
                " where schema_name = 'main' and not internal"
            ).fetchall()
        }
    assert {name: comment.strip() for name, comment in comments.items()} == {
        name: described.get(name) for name in comments
    }
    assert all(comments.values()) and len(comments) > 500
