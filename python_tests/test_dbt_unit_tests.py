"""Runs dbt's own unit tests, which a build leaves out: they prove formulas, whatever the data."""

import shutil

import yaml
from dbt.cli.main import dbtRunner
from real_data import REPOSITORY


def test_every_dbt_unit_test_passes(demo, build, monkeypatch, tmp_path):
    result = build(demo)
    assert result.returncode == 0, result.output
    # dbt asks the built tables for the types of their columns; copies, since it opens them for writing.
    for variable, source in {"WORK": result.work, "MARTS": result.marts}.items():
        copy = tmp_path / f"{variable.lower()}.duckdb"
        shutil.copyfile(source, copy)
        monkeypatch.setenv(f"CUSTOMER_SCORES_{variable}", str(copy))
    monkeypatch.setenv("CUSTOMER_SCORES_RAW", str(demo))
    paths = ["--project-dir", str(REPOSITORY), "--profiles-dir", str(REPOSITORY)]
    paths += ["--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "logs")]

    done = dbtRunner().invoke(["--quiet", "test", "--select", "test_type:unit", *paths])

    assert done.exception is None, done.exception
    tests = [result for result in done.result if result.node.resource_type == "unit_test"]
    failed = [f"{test.node.name}: {test.message}" for test in tests if test.status != "pass"]
    assert not failed, "\n".join(failed)
    written = sum(
        len(yaml.safe_load(path.read_text())["unit_tests"]) for path in REPOSITORY.glob("models/**/_unit*.yml")
    )
    assert len(tests) == written
