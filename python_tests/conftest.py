"""What test modules share: the build command as a fixture, and what is made once for all processes."""

import copy
import fcntl
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner
from dbt.constants import PARTIAL_PARSE_FILE_NAME
from dbt_builds import Dbt, parsed, parsed_for_builds
from real_data import REPOSITORY, mapped
from sql_builds import Project, compile_engagement
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from ops.publish import Warehouse

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


# What takes longest begins first, or one process would still be at it when the others are done. Histories follow the
# others, since all of them wait until one process has compiled their project.
LONGEST_FIRST = ["test_oracle", "test_engagement", "test_histories"]


def group_of(nodeid: str) -> str:
    """Which tests run in one process: a module, which makes its fixtures once; what takes minutes stands alone."""
    module = Path(nodeid.split("::")[0]).stem
    return nodeid if module in ("test_histories", "test_oracle") else module


class Groups(LoadScopeScheduling):
    """Gives each group to one process. xdist's own groups by marks do not reach its scheduler with pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    """Who takes which tests."""
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts what takes longest first."""
    places = {module: place for place, module in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


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


def run_build(
    raw_folder: Path,
    warehouse: Path,
    python: str | Path = sys.executable,
    known: Path | None = None,
    **options: object,
) -> BuildResult:
    """Runs `python -m ops.build`; `options` are its further ones, such as `settings=folder`.

    `known` is what dbt keeps of the project: a first build that finds it need not parse the project.
    """
    kept = Warehouse(warehouse).target / PARTIAL_PARSE_FILE_NAME
    if known and not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(known, kept)
    command = [str(python), "-m", "ops.build", "--raw", str(raw_folder), "--warehouse", str(warehouse)]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=600)
    return BuildResult(done.returncode, done.stdout + done.stderr, warehouse)


def write_demo(folder: Path) -> Path:
    """Writes the raw tables of the demo company to a folder, and returns it."""
    command = [sys.executable, "-m", "ops.demo_data", "--out", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, timeout=300)
    return folder


def write_demo_otherwise(demo: Path, folder: Path) -> Path:
    """Writes links to the raw tables of `demo` to an empty folder, with SETTINGS beside them, and returns it."""
    for path in demo.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "settings").mkdir()
    for name, text in SETTINGS.items():
        (folder / "settings" / name).write_text(text)
    return folder


@pytest.fixture(scope="session")
def once(tmp_path_factory, worker_id) -> Callable:
    """`once(name, make)`: what `make()` returned in the first process that asked, read by all others."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    known = {}

    def once(name: str, make: Callable) -> object:
        if name in known:
            return known[name]
        kept = shared / f"{name}.pickle"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                kept.write_bytes(pickle.dumps(make()))
        known[name] = pickle.loads(kept.read_bytes())
        return known[name]

    return once


@pytest.fixture(scope="session")
def build(once, tmp_path_factory):
    """`build(raw_folder, **options) -> BuildResult`; without options a folder is built once, by itself."""

    def build(raw_folder: Path, warehouse: Path | None = None, **options: object) -> BuildResult:
        known = once("known", lambda: parsed_for_builds(tmp_path_factory.mktemp("known")))
        if warehouse or options:
            return run_build(raw_folder, warehouse or tmp_path_factory.mktemp("warehouse"), known=known, **options)

        def made() -> BuildResult:
            # On one thread: that more of them change nothing is a test of its own.
            return run_build(raw_folder, tmp_path_factory.mktemp("warehouse"), known=known, threads=1)

        return once("_".join(raw_folder.parts[-3:]), made)

    return build


@pytest.fixture(scope="session")
def manifest(once, tmp_path_factory) -> object:
    """The project as dbt has parsed it."""
    return once("manifest", lambda: parsed(tmp_path_factory.mktemp("parsed")))


@pytest.fixture
def dbt(tmp_path, manifest, monkeypatch):
    """`dbt(*arguments) -> its results`: runs dbt in this process, in `work.duckdb` and `marts.duckdb` of tmp_path."""
    for variable in ("WORK", "MARTS"):
        monkeypatch.setenv(f"CUSTOMER_SCORES_{variable}", str(tmp_path / f"{variable.lower()}.duckdb"))
    paths = ["--project-dir", str(REPOSITORY), "--profiles-dir", str(REPOSITORY)]
    paths += ["--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "target")]

    def dbt(*arguments: str) -> list:
        # A copy, since dbt notes in it what it has compiled; none where vars may change what there is.
        known = None if "--vars" in arguments else copy.deepcopy(manifest)
        done = dbtRunner(manifest=known).invoke(["--quiet", *arguments, *paths])
        assert done.exception is None, done.exception
        return list(done.result)

    return dbt


@pytest.fixture(scope="session")
def new_dbt(manifest, tmp_path_factory) -> Callable[[], Dbt]:
    """`new_dbt()`: the project, with seeds of its own."""
    return lambda: Dbt(tmp_path_factory.mktemp("dbt"), manifest)


@pytest.fixture(scope="session")
def engagement_project(once, new_dbt, tmp_path_factory) -> Project:
    """The models of the engagement marts, and what else is kept by load date, compiled."""
    return once("engagement_project", lambda: compile_engagement(new_dbt(), tmp_path_factory.mktemp("compiled")))


@pytest.fixture(scope="session")
def demo(once, tmp_path_factory) -> Path:
    """Raw folder of the demo company."""

    return once("demo", lambda: write_demo(tmp_path_factory.mktemp("demo")))


@pytest.fixture(scope="session")
def demo_otherwise(demo, tmp_path_factory) -> Path:
    """The demo company with every setting changed: another zone, day, window, decay, scale, weight and segments."""
    return write_demo_otherwise(demo, tmp_path_factory.mktemp("demo_otherwise"))


@pytest.fixture(scope="session")
def real(once, tmp_path_factory) -> Callable[[str], Path]:
    """`real(name)`: raw folder of a real data set."""
    return lambda name: once(name, lambda: mapped(name, tmp_path_factory.mktemp(name)))


@pytest.fixture(scope="session")
def online_retail(real) -> Path:
    """Raw folder of the online retailer."""
    return real("online_retail")


@pytest.fixture(scope="session")
def community_survey(real) -> Path:
    """Raw folder of the community survey."""
    return real("community_survey")


@pytest.fixture(scope="session")
def cdnow(real) -> Path:
    """Raw folder of the CDNOW customers."""
    return real("cdnow")
