"""What several test modules share: the build command as a fixture, and the demo company built once."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from real_data import REPOSITORY, mapped


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


def run_build(raw_folder: Path, warehouse: Path, **options: object) -> BuildResult:
    """Runs `python -m ops.build`; `options` are its further ones, such as `settings=folder`."""
    command = [sys.executable, "-m", "ops.build", "--raw", str(raw_folder), "--warehouse", str(warehouse)]
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
def demo(tmp_path_factory) -> Path:
    """Raw folder of the demo company."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "ops.demo_data", "--out", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, timeout=300)
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
