"""What several test modules share: the build command as a fixture, and the demo company built once."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


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
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=600)
    return BuildResult(done.returncode, done.stdout + done.stderr, warehouse)


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """`build(raw_folder, **options) -> BuildResult`, each in a warehouse of its own unless `warehouse` is given."""

    def build(raw_folder: Path, warehouse: Path | None = None, **options: object) -> BuildResult:
        return run_build(raw_folder, warehouse or tmp_path_factory.mktemp("warehouse"), **options)

    return build


@pytest.fixture(scope="session")
def demo_raw(tmp_path_factory):
    """The raw folder of the demo company."""
    folder = tmp_path_factory.mktemp("demo")
    subprocess.run([sys.executable, "-m", "ops.demo_data", "--out", str(folder)], cwd=PROJECT, check=True, timeout=300)
    return folder


@pytest.fixture(scope="session")
def demo(build, demo_raw):
    """The demo company, built and published."""
    result = build(demo_raw)
    assert result.returncode == 0, result.output
    return result
