"""What several test modules share: the build command as a fixture, and the demo company built once."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner
from real_data import REPOSITORY, mapped
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SETTINGS = {
    "vars.yml": """\
as_of_date: 2026-03-31
reporting_timezone: Asia/Tokyo
segment_columns: [plan]
score_window_days: 14
score_half_life_days: 7
min_answers: 8
""",
    "engagement_scale.csv": """\
scale_version,points,score
first,0,1
first,50,100
second,0,1
second,60,50
second,180,100
""",
    "event_weights.csv": """\
event_type,weight,valid_from,valid_to,reason
login,0.333333,,2025-12-24,a weight with six places
login,2,2025-12-25,,changed in the middle of a window
""",
}


# Modules that ask for whole companies: in one process they are built once.
COMPANIES = {
    *("test_oracle", "test_examples", "test_docs", "test_readers", "test_dbt_unit_tests", "test_drivers"),
    *("test_engagement", "test_backtest_of_demo", "test_value"),
}


def group_of(nodeid: str) -> str:
    """Which tests run in one process: a module, which makes its fixtures once; histories by dbt stand alone."""
    module = Path(nodeid.split("::")[0]).stem
    if module == "test_histories" and "by_dbt" in nodeid:
        return nodeid
    return "companies" if module in COMPANIES else module


class Groups(LoadScopeScheduling):
    """Gives each group to one process. xdist's own groups by marks do not reach its scheduler with pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    """Who takes which tests."""
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts what takes longest first, or one process would still be at it when the others are done."""
    items.sort(key=lambda item: (group_of(item.nodeid) != "companies", item.path.stem != "test_histories"))


@dataclass(frozen=True)
class BuildResult:
    """What a build left: its exit code, all that it printed, the published marts and the work database."""

    returncode: int
    output: str
    warehouse: Path

    @property
    def marts(self) -> Path:
        """The link that readers open."""
        return self.warehouse / "customer_scores.duckdb"

    @property
    def work(self) -> Path:
        """The private work database."""
        return self.warehouse / "work" / "work.duckdb"


def run_build(raw_folder: Path, warehouse: Path, python: str | Path = sys.executable, **options: object) -> BuildResult:
    """Runs `python -m ops.build`; `options` are its further ones, such as `settings=folder`."""
    command = [str(python), "-m", "ops.build", "--raw", str(raw_folder), "--warehouse", str(warehouse)]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=600)
    return BuildResult(done.returncode, done.stdout + done.stderr, warehouse)


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """`build(raw_folder, **options) -> BuildResult`; without options a folder is built once, by itself."""
    results = {}

    def build(raw_folder: Path, warehouse: Path | None = None, **options: object) -> BuildResult:
        if warehouse or options:
            return run_build(raw_folder, warehouse or tmp_path_factory.mktemp("warehouse"), **options)
        if raw_folder not in results:
            results[raw_folder] = run_build(raw_folder, tmp_path_factory.mktemp("warehouse"))
        return results[raw_folder]

    return build


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory) -> Path:
    """Where dbt keeps what it has parsed, so that only the first test that runs it has to wait for that."""
    return tmp_path_factory.mktemp("target")


@pytest.fixture
def dbt(tmp_path, dbt_target, monkeypatch):
    """`dbt(*arguments) -> its results`: runs dbt in this process, in `work.duckdb` and `marts.duckdb` of tmp_path."""
    for variable in ("WORK", "MARTS"):
        monkeypatch.setenv(f"CUSTOMER_SCORES_{variable}", str(tmp_path / f"{variable.lower()}.duckdb"))
    paths = ["--project-dir", str(REPOSITORY), "--profiles-dir", str(REPOSITORY)]
    paths += ["--target-path", str(dbt_target), "--log-path", str(dbt_target)]

    def dbt(*arguments: str) -> list:
        done = dbtRunner().invoke(["--quiet", *arguments, *paths])
        assert done.exception is None, done.exception
        return list(done.result)

    return dbt


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Path:
    """Raw folder of the demo company."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "ops.demo_data", "--out", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, timeout=300)
    return folder


@pytest.fixture(scope="session")
def demo_otherwise(demo, tmp_path_factory) -> Path:
    """The demo company with every setting changed: another zone, day, window, decay, scale, weight and segments."""
    folder = tmp_path_factory.mktemp("demo_otherwise")
    for path in demo.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "settings").mkdir()
    for name, text in SETTINGS.items():
        (folder / "settings" / name).write_text(text)
    return folder


@pytest.fixture(scope="session")
def online_retail(tmp_path_factory) -> Path:
    """Raw folder of the online retailer."""
    return mapped("online_retail", tmp_path_factory.mktemp("online_retail"))


@pytest.fixture(scope="session")
def community_survey(tmp_path_factory) -> Path:
    """Raw folder of the community survey."""
    return mapped("community_survey", tmp_path_factory.mktemp("community_survey"))


@pytest.fixture(scope="session")
def cdnow(tmp_path_factory) -> Path:
    """Raw folder of the CDNOW customers."""
    return mapped("cdnow", tmp_path_factory.mktemp("cdnow"))
