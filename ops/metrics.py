"""Answers a query of metrics from the published marts, by MetricFlow: `python -m ops.metrics --metrics nps --by ...`.

MetricFlow writes the SQL from `semantic_manifest.json`, which dbt parse makes; DuckDB runs it on the published file,
which is only read. Prints CSV; exit codes: 0 answered; 1 not, with a sentence; 2 wrong usage.
"""

import argparse
import csv
import sys
from pathlib import Path

import duckdb
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.errors.error_classes import InvalidQueryException
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from ops.messages import cell, plain


class Dialect:
    """What MetricFlow asks of a client that only writes SQL: which."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


class Metrics:
    """The metrics of a semantic manifest, over a published marts file."""

    def __init__(self, manifest: Path, marts: Path):
        """Opens both. Raises OSError or duckdb.Error where one cannot be read."""
        parsed = parse_manifest_from_dbt_generated_manifest(manifest.read_text(encoding="utf-8"))
        self.engine = MetricFlowEngine(SemanticManifestLookup(parsed), Dialect())
        self.connection = duckdb.connect()
        # Under the name that the manifest and the file's views know.
        self.connection.execute(f"attach '{str(marts).replace(chr(39), chr(39) * 2)}' as customer_scores (read_only)")

    def sql(self, metrics: list[str], by: list[str], where: list[str], order_by: list[str]) -> str:
        """The SQL of a query. Raises InvalidQueryException for names that do not exist or do not go together."""
        request = MetricFlowQueryRequest.create(
            metric_names=metrics, group_by_names=by, where_constraints=where, order_by_names=order_by
        )
        return self.engine.explain(request).sql_statement.sql

    def query(self, metrics: list[str], by: list[str], where: list[str] = ()) -> tuple[list[str], list[tuple]]:
        """Column names and rows of a query, ordered by what it is grouped by."""
        answer = self.connection.execute(self.sql(metrics, by, list(where), by))
        return [column[0] for column in answer.description], answer.fetchall()


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m ops.metrics", description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True, help="folder with the published marts")
    parser.add_argument("--manifest", type=Path, required=True, help="semantic_manifest.json, as dbt parse writes it")
    parser.add_argument("--metrics", required=True, help="names, with commas between them")
    parser.add_argument("--by", default="", help="dimensions to group by, with commas between them")
    parser.add_argument(
        "--where", action="append", default=[], help="a condition, such as \"{{ Dimension(...) }} = 'x'\""
    )
    parser.add_argument("--sql", action="store_true", help="print the SQL and run nothing")
    options = parser.parse_args(arguments)
    names = [name for name in options.metrics.split(",") if name]
    by = [name for name in options.by.split(",") if name]
    try:
        metrics = Metrics(options.manifest, options.warehouse.resolve() / "customer_scores.duckdb")
        if options.sql:
            print(metrics.sql(names, by, options.where, by))
            return 0
        columns, rows = metrics.query(names, by, options.where)
    except InvalidQueryException as error:
        print(plain(f"There is no such query of metrics: {error}", 5000), file=sys.stderr)
        return 1
    except (OSError, duckdb.Error) as error:
        is_condition = options.where and isinstance(error, (duckdb.ParserException, duckdb.BinderException))
        advice = "correct WHERE, or build" if is_condition else "build first"
        print(plain(f"The marts cannot be queried; {advice}. {str(error).splitlines()[0]}"), file=sys.stderr)
        return 1
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if value is None else cell(str(value)) for value in row] for row in rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
