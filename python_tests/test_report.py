"""The report shows what the marts hold, of any company, and runs or fetches nothing that stands in the data."""

import base64
import hashlib
import json
import re

import duckdb
import pytest
import yaml
from real_data import REPOSITORY

from ops.marts import open_marts
from ops.publish import Warehouse
from report.__main__ import main
from report.data import CHOSEN, QUERIES, read
from report.page import embedded, page

# What a page needs of another place; addresses within scripts name formats and licences, and nothing fetches them.
FETCHES = re.compile(r"""\b(?:src|href|action|srcset|poster)\s*=\s*["']?(?!#)[^"'>\s]|url\(|@import""", re.I)
TABLES = re.compile(r'<script id="tables" type="application/json">(.*?)</script>', re.S)
ATTACK = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def tables(demo, build) -> dict:
    with open_marts(build(demo).warehouse) as marts:
        return read(marts)


def rows_of(tables: dict, name: str) -> list[dict]:
    return [dict(zip(tables[name]["columns"], row, strict=True)) for row in tables[name]["rows"]]


def test_receipts_add_up_to_the_points_of_every_customer_in_the_page(tables):
    sums = {}
    for row in rows_of(tables, "receipts"):
        sums[row["customer_id"]] = sums.get(row["customer_id"], 0) + row["points"]
    customers = rows_of(tables, "customers")
    assert len(customers) > 1000
    assert {row["customer_id"]: row["points"] for row in customers if row["points"]} == {
        customer: points for customer, points in sums.items() if points
    }


def test_changes_add_up_to_the_change_of_every_customer_in_the_page(tables):
    changes = {}
    for row in rows_of(tables, "changes"):
        changes[row["customer_id"]] = changes.get(row["customer_id"], 0) + row["points_change"]
    expected = {
        row["customer_id"]: row["points_change"] for row in rows_of(tables, "customers") if row["points_change"]
    }
    assert len(expected) > 500
    assert {customer: change for customer, change in changes.items() if customer in expected} == expected


def test_who_left_has_no_score_of_today(tables, demo, build):
    with duckdb.connect(str(build(demo).marts), read_only=True) as marts:
        scored = marts.execute(
            "select customer_id from customer_scores where score_date = as_of_date and engagement_score is not null"
        ).fetchall()
    customers = rows_of(tables, "customers")
    assert {row["customer_id"] for row in customers if row["score"] is not None} == {name for (name,) in scored}
    assert {row["engagement_status"] for row in customers if row["score"] is None} == {
        "churned",
        "never_active",
        "too_new",
    }


@pytest.mark.parametrize(
    ("name", "mart", "key", "figures"),
    [
        (
            "surveys",
            "survey_scores",
            ["metric", "segment_dimension", "segment_value", "period_grain", "period_start"],
            ["score", "ci_low", "ci_high", "counted"],
        ),
        ("engagement", "segment_engagement", ["segment_dimension", "segment_value", "score_date"], ["mean_score"]),
        ("retention", "retention", ["segment_dimension", "segment_value", "period_start"], ["retention_rate"]),
        ("signals", "customer_signals", ["signal", "customer_id"], ["days_since_last_event"]),
        ("calibration", "score_calibration", ["horizon_days", "decile", "predictor"], ["churn_rate"]),
    ],
)
def test_figures_are_those_of_the_marts(tables, demo, build, name, mart, key, figures):
    rows = [{"predictor": "engagement", **row} for row in rows_of(tables, name)]
    with duckdb.connect(str(build(demo).marts), read_only=True) as marts:
        columns = ", ".join([*(f"cast({column} as varchar)" for column in key), *figures])
        published = {
            row[: len(key)]: row[len(key) :] for row in marts.execute(f"select {columns} from {mart}").fetchall()
        }
    assert rows
    for row in rows:
        expected = published[tuple(str(row[column]) for column in key)]
        for figure, value in zip(figures, expected, strict=True):
            assert row[figure] == (None if value is None else pytest.approx(float(value), rel=1e-9)), row


def test_the_page_fetches_nothing_and_is_small(tables):
    html = page(tables)
    assert len(html) < 5_000_000
    own = re.sub(r"<script>.*?</script>", "", html, count=1, flags=re.S)
    assert not [
        found[0] for found in FETCHES.finditer(re.sub(r'<script id="(tables|charts)".*?</script>', "", own, flags=re.S))
    ]
    assert "default-src 'none'" in html


def test_the_browser_may_run_the_two_scripts_of_the_page_and_no_other(tables):
    html = page(tables)
    scripts = re.findall("<script>(.*?)</script>", html, re.S)
    policy = re.search(r"script-src ([^;]*);", html)[1]
    assert policy.split() == [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    ]


def test_the_licences_of_what_the_page_carries_stand_in_it(tables):
    html = page(tables)
    for words in ("University of Washington Interactive Data Lab", "Mike Bostock", "Redistributions in binary form"):
        assert words in html


def test_what_customers_are_called_is_text(tables):
    attacked = json.loads(json.dumps(tables).replace("cust-0001", ATTACK.replace("/", "\\/")))
    assert ATTACK in json.dumps(attacked)
    html = page(attacked)
    assert ATTACK not in html
    assert html.count("<script") == page(tables).count("<script")
    assert json.loads(TABLES.search(html)[1]) == attacked
    assert json.loads(str(embedded("\u2028 <!-- &lt;"))) == "\u2028 <!-- &lt;"


def test_no_comment_and_no_suppressed_score_is_in_the_page(tables, demo, build):
    for name, table in tables.items():
        assert not {"comment", "matched_words"} & set(table.get("columns", [])), name
    hidden = [row for row in rows_of(tables, "surveys") if row["is_suppressed"]]
    assert hidden
    assert all(row["score"] is None and row["ci_low"] is None for row in hidden)


@pytest.mark.parametrize("data", ["community_survey", "cdnow"])
def test_a_company_with_surveys_or_events_alone_has_a_page(data, request, build, tmp_path, capsys):
    result = build(request.getfixturevalue(data))
    assert main(["--warehouse", str(result.warehouse), "--out", str(tmp_path / "report.html")]) == 0
    assert "open it in a browser" in capsys.readouterr().out
    tables = json.loads(TABLES.search((tmp_path / "report.html").read_text())[1])
    assert bool(tables["surveys"]["rows"]) == (data == "community_survey")
    assert bool(tables["receipts"]["rows"]) == (data == "cdnow")


def test_a_great_company_has_a_page_of_bounded_size(tables, demo, build):
    with open_marts(build(demo).warehouse) as marts:
        few = read(marts, customers_explained=0)
    listed = {row["customer_id"] for row in rows_of(few, "signals")}
    explained = {row["customer_id"] for row in rows_of(few, "customers")}
    assert 0 < len(explained) <= len(listed) + 200
    assert {row["customer_id"] for row in rows_of(few, "receipts")} <= explained
    assert few["build"]["explained"] < tables["build"]["explained"]


def test_erasing_takes_the_report_along(tmp_path):
    warehouse = Warehouse(tmp_path)
    warehouse.work.mkdir()
    warehouse.versions.mkdir()
    warehouse.report.write_text("cust-0001")
    (tmp_path / ".report.html.part").write_text("cust-0001")
    warehouse.forget()
    assert not list(tmp_path.glob("*report*")) and not list(tmp_path.glob(".*report*"))


def test_the_exposure_names_the_marts_that_the_report_reads():
    exposures = yaml.safe_load((REPOSITORY / "models" / "_exposures.yml").read_text())["exposures"]
    (named,) = [exposure["depends_on"] for exposure in exposures if exposure["name"] == "report"]
    reads = {mart for query in [*QUERIES.values(), *CHOSEN.values()] for mart in query.marts}
    may_be_off = {"nps_drivers", "score_backtest", "score_calibration"}
    assert sorted(named) == sorted(f"ref('{mart}')" for mart in reads - may_be_off)


def test_without_marts_a_sentence_says_so(tmp_path, capsys):
    assert main(["--warehouse", str(tmp_path)]) == 1
    assert "build first" in capsys.readouterr().err
