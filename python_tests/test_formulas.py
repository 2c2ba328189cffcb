"""The published numbers stand whole in dbt's unit tests, and the formulas are described where dbt looks for them."""

import re

import yaml
from real_data import REPOSITORY

UNIT_TESTS = yaml.safe_load((REPOSITORY / "models" / "quality" / "_formulas_unit_tests.yml").read_text())["unit_tests"]
PUBLISHED = ["nps", "proportion_wilson", "proportion_difference_newcombe", "clv"]


def test_every_published_row_is_given_to_a_unit_test():
    given = {
        part["input"]: part["rows"].splitlines() for test in UNIT_TESTS for part in test["given"] if part.get("format")
    }
    for name in PUBLISHED:
        seed = (REPOSITORY / "seeds" / "published" / f"fixture_{name}.csv").read_text().splitlines()
        rows = given[f"ref('fixture_{name}')"]
        assert rows[: len(seed)] == seed, f"fixture_{name}.csv and _formulas_unit_tests.yml differ"
        assert [row.endswith(",made up") for row in rows[len(seed) :]] == [True], "one row that must not come out"


def test_every_formula_is_described_with_its_arguments():
    described = yaml.safe_load((REPOSITORY / "macros" / "_statistics.yml").read_text())["macros"]
    described = {macro["name"]: [argument["name"] for argument in macro.get("arguments", [])] for macro in described}
    text = "".join((REPOSITORY / "macros" / f"{name}.sql").read_text() for name in ("statistics", "rank_statistics"))
    macros = re.findall(r"{% macro (\w+)\((.*?)\)", text)
    assert described == {name: [a.strip() for a in arguments.split(",") if a.strip()] for name, arguments in macros}
