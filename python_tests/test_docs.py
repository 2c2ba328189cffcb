"""Docs and project say the same: no table, var, seed or reason is missing in the docs, and none is invented."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml
from dbt_builds import environment_of
from doc_queries import PAGES, rewritten
from real_data import REPOSITORY

TABLES = (REPOSITORY / "docs" / "tables.md").read_text()
TABLES_OF_READERS = "select table_name from information_schema.tables where table_schema = 'main'"
# Tables that a company must ask for.
ASKED_FOR = {"customer_clv_forecasts"}
OWN_DATA = (REPOSITORY / "docs" / "own-data.md").read_text()
METRICS = (REPOSITORY / "docs" / "metrics.md").read_text()
SECTIONS = dict(re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", METRICS, re.M))
SHAPE = ["What", "Formula", "Why", "When null", "How to change it", "Worked example"]
# Records, definitions and checks, which hold no metric of their own.
NO_METRICS = {
    *(
        "dim_customers",
        "dim_dates",
        "customer_segments",
        "fct_activity_daily",
        "fct_survey_answers",
        "answer_distribution",
    ),
    *("engagement_weights", "engagement_decay", "engagement_versions", "unweighted_event_types"),
    *("row_reconciliation", "rejected_rows", "formula_checks", "formula_fixtures"),
}
GLOSSARY = REPOSITORY / "docs" / "glossary.md"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# A column of a query, and files of a company.
INVENTED = {"by_hand", "events_2026", "events_2026_06", "events_2026_07"}
# Where a name that the docs give in backticks can come from.
NAMES_FROM = [
    "models",
    "macros",
    "seeds",
    "ops",
    "analyses",
    "docs/schedule",
    "dbt_project.yml",
    "Makefile",
    "profiles.yml",
]


def documented(text: str, pattern: str) -> set[str]:
    return {name for match in re.findall(pattern, text, re.M) for name in re.findall(r"`([a-z_]+)`", match)}


def private_tables() -> set[str]:
    """Tables of the work database that are documented."""
    return {path.stem for path in (REPOSITORY / "models" / "quality").iterdir() if path.suffix in (".sql", ".py")}


def test_every_published_table_has_a_section(demo, build):
    with duckdb.connect(str(build(demo).marts), read_only=True) as connection:
        tables = {name for (name,) in connection.sql(TABLES_OF_READERS).fetchall()}
    assert documented(TABLES, r"^### (.*)$") == tables | private_tables() | ASKED_FOR


def test_dbt_writes_a_page_of_every_published_column_with_its_description(demo, build, tmp_path):
    shutil.copy(build(demo).work, tmp_path / "work.duckdb")
    shutil.copy(build(demo).marts, tmp_path / "marts.duckdb")
    (tmp_path / "marts.duckdb").chmod(0o600)
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "docs", "generate", "--static"]
    command += ["--target-path", str(tmp_path), "--log-path", str(tmp_path)]
    environment = {**os.environ, **environment_of(tmp_path), "CUSTOMER_SCORES_RAW": str(demo)}
    subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, timeout=300)
    nodes = json.loads((tmp_path / "catalog.json").read_text())["nodes"].values()
    marts = {node["metadata"]["name"]: node for node in nodes if node["metadata"]["database"] == "customer_scores"}
    assert {"customer_scores", "survey_scores", "row_reconciliation"} <= set(marts)
    assert [
        (name, column["name"])
        for name, node in marts.items()
        if node["metadata"]["schema"] == "main"
        for column in node["columns"].values()
        if not column["comment"]
    ] == []
    page = (tmp_path / "static_index.html").read_text()
    assert "One row per customer that has been seen by the as-of date." in page


def test_every_var_is_documented_with_its_name():
    declared = yaml.safe_load((REPOSITORY / "dbt_project.yml").read_text())["vars"]
    section = OWN_DATA[OWN_DATA.index("| var |") : OWN_DATA.index("## What a build does")]
    assert documented(section, r"^\| (`[a-z_]+`) \|") == set(declared)


def test_every_column_of_the_raw_contract_is_documented():
    contract = (REPOSITORY / "macros" / "raw_contract.sql").read_text().split("{% endmacro %}")[0]
    section = OWN_DATA[OWN_DATA.index("## The folder") : OWN_DATA.index("- Times are UTC")]
    for table, columns in re.findall(r"^    '(\w+)': {\n(.*?)^    }", contract, re.M | re.S):
        row = re.search(rf"^\| `{table}` \| (.*?) \| (.*?) \|$", section, re.M)
        required, optional = (
            {name for name in re.findall(r"'(\w+)': \['\w+', " + kind, columns)} for kind in ("true", "false")
        )
        assert documented(row[1], "(.*)") == required
        # Those that come along as segments are named as such.
        assert documented(row[2], "(.*)") | {"plan", "industry", "region"} >= optional


def test_every_seed_that_people_edit_is_documented_with_its_columns():
    for seed in REPOSITORY.glob("seeds/*.csv"):
        header = seed.read_text().splitlines()[0].replace(",", ", ")
        if seed.stem == "student_t":  # mathematics, not judgement
            continue
        assert re.search(rf"`{seed.name}` \| `{re.escape(header)}`", OWN_DATA), f"{seed.name}: `{header}`"


def test_every_reject_reason_is_documented():
    models = "".join(path.read_text() for path in REPOSITORY.glob("models/staging/stg_*.sql"))
    reasons = set(re.findall(r"^ +\['([a-z_]+)',", models, re.M)) | {"conflicting_duplicate"}
    section = OWN_DATA[OWN_DATA.index("| reason |") :]
    names = documented(section, r"^\| (.*?) \|")
    assert {reason for reason in reasons if not reason.startswith("unparsable_")} == names


def parts(section: str) -> dict[str, str]:
    """The parts of a section of docs/metrics.md, in their order."""
    return dict(re.findall(r"^\*\*([^*]+)\.\*\* ((?:(?!\*\*[^*]+\.\*\*).*\n?)*)", section, re.M))


@pytest.mark.parametrize("name", SECTIONS)
def test_every_metric_is_explained_in_the_same_shape(name):
    found = parts(SECTIONS[name])
    assert list(found) == SHAPE
    assert all(text.strip() for text in found.values())
    # Nothing stands before the first part.
    assert SECTIONS[name].lstrip("\n").startswith("**What.**")


def test_every_metric_and_every_table_that_holds_one_is_explained():
    said = {name for section in SECTIONS.values() for name in re.findall(r"`([a-z_]+)`", parts(section)["What"])}
    with (REPOSITORY / "seeds" / "survey_metrics.csv").open() as file:
        metrics = {row["metric"] for row in csv.DictReader(file)}
    tables = documented(TABLES, r"^### (.*)$")
    assert tables >= NO_METRICS
    assert not said & NO_METRICS
    assert metrics | (tables - NO_METRICS) <= said


@pytest.mark.parametrize("page", ["metrics.md", "tables.md", "glossary.md", "why-41.md", "own-data.md"])
def test_what_the_docs_name_is_there(page):
    """Names of tables, columns, vars, seeds and the like: two words or more, with underscores."""
    text = re.sub(r"^```.*?^```$", "", (REPOSITORY / "docs" / page).read_text(), flags=re.M | re.S)
    names = {
        name
        for code in re.findall(r"`([^`\n]+)`", text)
        for name in re.findall(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b", code)
    }
    files = [REPOSITORY / place for place in NAMES_FROM]
    files = [path for place in files for path in ([place] if place.is_file() else place.rglob("*.*"))]
    known = set(re.findall(r"\w+", " ".join(path.read_text() for path in files if path.suffix != ".pyc")))
    known |= {path.stem for path in files} | {path.stem for path in (REPOSITORY / "python_tests").rglob("*.*")}
    assert names - known - INVENTED == set()


def test_queries_print_what_stands_below_them(demo, build):
    made = build(demo)
    for page in PAGES:
        text = page.read_text()
        assert rewritten(text, made.marts, made.work) == text, (
            f"{page.name}: write it anew with python_tests/doc_queries.py"
        )


def pages() -> list[Path]:
    """All pages in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [REPOSITORY / name for name in listed.stdout.splitlines()]


def anchors(page: Path) -> set[str]:
    """What links may name on a page: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page):
    # Brackets in code are none.
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "`", page.read_text(), flags=re.M | re.S)
    for link in LINK.findall(text):
        if re.match("[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_each_word_of_the_glossary_is_explained_once_and_used_elsewhere():
    glossary = GLOSSARY.read_text()
    words = re.findall(r"^### (.*)$", glossary, re.M)
    assert len(words) > 50
    assert words == sorted(set(words), key=str.casefold)
    for word, text in re.findall(r"^### (.*)\n((?:(?!###).*\n)*)", glossary, re.M):
        assert LINK.search(text), f"{word}: say where more stands"
    files = [page for page in pages() if page != GLOSSARY] + list((REPOSITORY / "models").rglob("*.yml"))
    elsewhere = " ".join(path.read_text() for path in files).lower().replace("_", " ").replace("-", " ")
    # What follows a word may make it a plural.
    assert [word for word in words if word.lower().replace("-", " ") not in " ".join(elsewhere.split())] == []


def test_the_glossary_has_each_status_of_a_customer():
    words = set(re.findall(r"^### (.*)$", GLOSSARY.read_text(), re.M))
    scores = yaml.safe_load((REPOSITORY / "models" / "marts" / "engagement" / "_engagement.yml").read_text())
    (model,) = [model for model in scores["models"] if model["name"] == "fct_engagement_scores"]
    (status,) = [column for column in model["columns"] if column["name"] == "status"]
    (values,) = [
        test["accepted_values"]["arguments"]["values"] for test in status["data_tests"] if "accepted_values" in test
    ]
    assert {value.replace("_", " ") for value in values} <= words
