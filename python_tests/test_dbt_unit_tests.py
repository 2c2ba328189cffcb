"""Runs dbt's tests that a build leaves out: they prove what holds whatever the data, formulas and keys of steps."""

import shutil

import yaml
from real_data import REPOSITORY


def test_every_dbt_test_passes_that_a_build_leaves_out(demo, build, dbt, monkeypatch, tmp_path):
    result = build(demo)
    assert result.returncode == 0, result.output
    # dbt asks the built tables for the types of their columns; copies, since it opens them for writing.
    shutil.copyfile(result.work, tmp_path / "work.duckdb")
    shutil.copyfile(result.marts, tmp_path / "marts.duckdb")
    monkeypatch.setenv("CUSTOMER_SCORES_RAW", str(demo))

    done = dbt("test", "--select", "test_type:unit", "tag:keys_of_steps")

    tests = [result for result in done if result.node.resource_type in ("unit_test", "test")]
    failed = [f"{test.node.name}: {test.message}" for test in tests if test.status != "pass"]
    assert not failed, "\n".join(failed)
    formulas = [test for test in tests if test.node.resource_type == "unit_test"]
    steps = {name for test in tests if test not in formulas for name in test.node.tags}
    assert steps == {"keys_of_steps"}
    files = REPOSITORY.glob("models/**/_*unit_tests.yml")
    written = sum(len(yaml.safe_load(path.read_text())["unit_tests"]) for path in files)
    assert len(formulas) == written
