"""The public data files that the examples map, and how the tests map them."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES = REPOSITORY / "examples"
SHARED_DATA = Path(os.environ.get("DATA") or REPOSITORY.parent / "shared" / "data")
LIFETIMES = find_spec("lifetimes")
CDNOW_DATA = Path(LIFETIMES.origin).parent / "datasets" if LIFETIMES else Path("lifetimes/datasets")

DATA_FILES = {
    "online_retail": SHARED_DATA / "online_retail.parquet",
    "community_survey": SHARED_DATA / "r_community_survey_2018.csv",
    "cdnow": CDNOW_DATA / "CDNOW_sample.txt",
}


def run_map(example: str, data: Path, out: Path) -> subprocess.CompletedProcess:
    """Run an example's mapping as a user would, in a process of its own."""
    command = [sys.executable, EXAMPLES / example / "map.py", "--data", data, "--out", out]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)


def mapped(example: str, out: Path) -> Path:
    """Map an example into `out` and return it; skip with the mapping's own sentence if its file is absent."""
    result = run_map(example, DATA_FILES[example].resolve().parent, out)
    if not DATA_FILES[example].is_file():
        pytest.skip(result.stderr.strip())
    assert result.returncode == 0, result.stderr
    return out
