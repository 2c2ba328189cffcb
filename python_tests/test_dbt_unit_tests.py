"""Runs dbt's own unit tests, which a build leaves out: they prove formulas, whatever the data."""

import shutil

import yaml
from real_data import REPOSITORY


def test_every_dbt_unit_test_passes(demo, build, dbt, monkeypatch, tmp_path):
    result = build(demo)
    assert result.returncode == 0, result.output
    # dbt asks the built tables for the types of their columns; copies, since it opens them for writing.
    shutil.copyfile(result.work, tmp_path / "work.duckdb")
    shutil.copyfile(result.marts, tmp_path / "marts.duckdb")
    monkeypatch.setenv("CUSTOMER_SCORES_RAW", str(demo))

    done = dbt("test", "--select", "test_type:unit")

    tests = [result for result in done if result.node.resource_type == "unit_test"]
    failed = [f"{test.node.name}: {test.message}" for test in tests if test.status != "pass"]
    assert not failed, "\n".join(failed)
    files = REPOSITORY.glob("models/**/_*unit_tests.yml")
    written = sum(len(yaml.safe_load(path.read_text())["unit_tests"]) for path in files)
    assert len(tests) == written
