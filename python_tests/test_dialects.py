"""What docs/engines.md says of other dialects is what sqlglot makes of the models' SQL."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlglot
from dbt_builds import REPOSITORY
from sqlglot import ErrorLevel, exp

DIALECTS = ["bigquery", "databricks", "postgres", "redshift", "snowflake", "spark"]
DOCUMENT = REPOSITORY / "docs" / "engines.md"


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """One row of the document's table for each model in SQL, as it should be."""
    return rows_of(compiled(tmp_path_factory.mktemp("dialects")))


def compiled(folder: Path) -> dict[str, tuple[str, bool]]:
    """The SQL of each model for DuckDB, and whether the model is a mart."""
    command = [Path(sys.executable).with_name("dbt"), "--quiet", "compile", "--select", "resource_type:model"]
    command += ["--vars", "{python_models: false}", "--target-path", str(folder), "--log-path", str(folder)]
    databases = {f"CUSTOMER_SCORES_{name}": str(folder / f"{name}.duckdb") for name in ("WORK", "MARTS")}
    subprocess.run(command, cwd=REPOSITORY, env=os.environ | databases, check=True)
    nodes = json.loads((folder / "manifest.json").read_text())["nodes"].values()
    return {
        node["name"]: (node["compiled_code"], node["original_file_path"].startswith("models/marts/"))
        for node in nodes
        if node["resource_type"] == "model" and node["language"] == "sql"
    }


def rows_of(models: dict[str, tuple[str, bool]]) -> list[str]:
    """Marts, and what else some dialect refuses: where each parses, and functions that sqlglot does not know."""
    rows = []
    for name, (sql, is_mart) in sorted(models.items()):
        tree = sqlglot.parse_one(sql, read="duckdb")
        fits = [dialect for dialect in DIALECTS if translates(tree, dialect)]
        unknown = sorted({f"`{call.name.lower()}`" for call in tree.find_all(exp.Anonymous)})
        if is_mart or fits != DIALECTS:
            parsed = "all" if fits == DIALECTS else "all but " + ", ".join(d for d in DIALECTS if d not in fits)
            rows.append(f"| `{name}` | {parsed} | {', '.join(unknown)} |")
    return rows


def translates(tree: exp.Expression, dialect: str) -> bool:
    """Whether sqlglot can say a query in a dialect, and read what it says."""
    try:
        sqlglot.parse_one(tree.sql(dialect=dialect, unsupported_level=ErrorLevel.RAISE), read=dialect)
    except sqlglot.errors.SqlglotError:
        return False
    return True


def test_document_tells_of_each_mart_where_it_parses(rows):
    table = DOCUMENT.read_text().split("<!-- parsed -->\n")[1].splitlines()
    assert table[2 : 2 + len(rows) + 1] == [*rows, ""]


def test_what_a_dialect_cannot_say_is_noticed():
    assert not translates(sqlglot.parse_one("select max(a order by b nulls last) from t", read="duckdb"), "bigquery")
    assert translates(sqlglot.parse_one("select max(a) from t", read="duckdb"), "bigquery")
