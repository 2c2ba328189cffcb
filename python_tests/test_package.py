"""Another dbt project has this one as a package: examples/package, built with its own tables, weights and segments."""

import copy
import re
import shutil
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from real_data import EXAMPLES, REPOSITORY
from test_docs import ASKED_FOR, TABLES, TABLES_OF_READERS, documented, private_tables

from ops.settings import stage_project

EXAMPLE = EXAMPLES / "package"
COMMANDS = re.findall(r"^dbt (.*?)(?: +#.*)?$", (EXAMPLE / "README.md").read_text(), re.M)
INSTALL, OWN, SCORES = (command.split() for command in COMMANDS)


@dataclass(frozen=True)
class Company:
    """The project of a company that has installed this one, and the work database in which its raw tables lie."""

    folder: Path
    manifest: object

    def dbt(self, *arguments: str) -> object:
        """What dbt returns in the project's folder."""
        with chdir(self.folder):
            done = dbtRunner(manifest=copy.deepcopy(self.manifest)).invoke(["--quiet", *arguments])
            DuckDBConnectionManager.close_all_connections()
        return done

    def change(self, statement: str) -> None:
        """Changes the raw tables."""
        with duckdb.connect(str(self.folder / "work.duckdb")) as connection:
            connection.execute(statement)

    def marts(self) -> duckdb.DuckDBPyConnection:
        """The published file, as a reader opens it."""
        return duckdb.connect(str(self.folder / "customer_scores.duckdb"), read_only=True)


@pytest.fixture(scope="module")
def company(tmp_path_factory) -> Company:
    """The example, installed and built by the commands of its README; of the package dbt reads no unit test."""
    folder = tmp_path_factory.mktemp("company") / "own_company"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb*"))
    package = folder.parent / "package"
    stage_project(REPOSITORY, None, package)
    packages = yaml.safe_load((folder / "packages.yml").read_text())
    assert (EXAMPLE / packages["packages"][0]["local"]).resolve() == REPOSITORY
    packages["packages"][0]["local"] = str(package)
    (folder / "packages.yml").write_text(yaml.safe_dump(packages))
    with chdir(folder):
        for command in (INSTALL, ["parse"]):
            done = dbtRunner().invoke(["--quiet", *command])
            assert done.success, done.exception
    company = Company(folder, done.result)
    for command in (OWN, SCORES):
        done = company.dbt(*command)
        assert done.success, done.exception or [
            each.message for each in done.result if each.status in ("error", "fail")
        ]
    return company


def test_the_project_has_ten_lines():
    assert len((EXAMPLE / "dbt_project.yml").read_text().splitlines()) == 10


def test_every_table_is_built(company):
    with company.marts() as marts:
        tables = {name for (name,) in marts.sql(TABLES_OF_READERS).fetchall()}
    private = private_tables() - {"row_reconciliation"}
    assert tables == documented(TABLES, r"^### (.*)$") - private - ASKED_FOR


def test_every_row_of_the_companys_tables_is_read(company):
    with company.marts() as marts:
        counted = marts.sql("select source_table, raw_rows, accepted from row_reconciliation order by all").fetchall()
    assert counted == [("customers", 4, 4), ("events", 72, 72), ("survey_answers", 8, 8)]


def test_scores_follow_the_companys_weights(company):
    with company.marts() as marts:
        receipt = marts.sql("""
            select event_type, event_count, weight::int, points::int from fct_engagement_contributions
            where customer_id = 'ada' and score_date = as_of_date order by weight desc
        """).fetchall()
        points = dict(marts.sql("select customer_id, points::int from customer_scores").fetchall())
        types = {name for (name,) in marts.sql("select event_type from engagement_weights").fetchall()}
    assert receipt == [
        ("create", 3, 9, 27),
        ("share", 5, 7, 35),
        ("edit", 10, 5, 50),
        ("view", 20, 3, 60),
        ("open", 15, 1, 15),
    ]
    assert points == {"ada": 187, "bela": 12, "cleo": 0, "dora": 13}
    assert types == {"create", "share", "edit", "view", "open"}


def test_marts_are_split_by_the_companys_segments(company):
    with company.marts() as marts:
        customers = marts.sql("select distinct segment_dimension, segment_value from customer_segments").fetchall()
        nps = marts.sql("""
            select segment_dimension, segment_value, counted, score from survey_scores
            where metric = 'nps' and period_grain = 'all'
        """).fetchall()
        engagement = marts.sql("""
            select segment_value, scored_customers, mean_score from segment_engagement
            where segment_dimension = 'tier' and score_date = as_of_date
        """).fetchall()
        scores = dict(marts.sql("select customer_id, engagement_score from customer_scores").fetchall())
    segments = {("tier", "gold"), ("tier", "basic"), ("country", "France"), ("country", "Romania")}
    assert set(customers) == segments | {("all", "all")}
    # Answers: ada 10 and 9, bela 9 and 7, cleo 3 and 8, dora 10 and 10.
    assert set(nps) == {
        ("all", "all", 8, 50),
        ("tier", "gold", 4, 75),
        ("tier", "basic", 4, 25),
        ("country", "Romania", 4, 100),
        ("country", "France", 4, 0),
    }
    means = {"gold": (scores["ada"] + scores["bela"]) / 2, "basic": (scores["cleo"] + scores["dora"]) / 2}
    assert {value: (n, float(mean)) for value, n, mean in engagement} == {
        value: (2, pytest.approx(float(mean))) for value, mean in means.items()
    }


def test_a_reader_may_call_the_formulas(company):
    with company.marts() as marts:
        assert marts.sql("select round(nps(5, 1, 8), 6)").fetchall() == [(50,)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("drop schema main_for_scores cascade", "No raw data in the schema main_for_scores"),
        ("delete from main_for_scores.events", "main_for_scores.events has no rows: fill it, or drop it"),
        (
            "alter table main_for_scores.events rename to own_events; "
            "create view main_for_scores.events as from main_for_scores.own_events",
            "main_for_scores.events is a view: make it a table",
        ),
        (
            "alter table main_for_scores.events rename customer_id to account",
            "events.customer_id is missing in main_for_scores.events (columns found: event_id, account",
        ),
    ],
)
def test_tables_that_cannot_be_read_stop_the_build(company, tmp_path, change, said):
    shutil.copytree(company.folder, tmp_path / "company", symlinks=True)
    broken = Company(tmp_path / "company", company.manifest)
    broken.change(change)
    assert said in str(broken.dbt("run", "--select", "stg_events").exception)


def test_a_profile_in_another_zone_is_refused(company, tmp_path):
    shutil.copytree(company.folder, tmp_path / "company", symlinks=True)
    profile = tmp_path / "company" / "profiles.yml"
    profile.write_text(profile.read_text().replace("TimeZone: UTC", "TimeZone: Asia/Tokyo"))
    done = Company(tmp_path / "company", company.manifest).dbt("run", "--select", "stg_events")
    assert "add `settings: {TimeZone: UTC}` to the profile" in str(done.exception)
