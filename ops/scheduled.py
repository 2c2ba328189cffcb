"""A build as Dagster and Airflow run it (examples/), in environments that have nothing of this project's but its files.

From the environment: CUSTOMER_SCORES_RAW, the raw folder; CUSTOMER_SCORES_WAREHOUSE; CUSTOMER_SCORES_PYTHON, the Python
that builds, if it is not the one in .venv.
"""

import os
import subprocess
from pathlib import Path

from ops import journal
from ops.messages import BuildError

PROJECT = Path(__file__).resolve().parents[1]
# What `dbt parse` writes.
MANIFEST = PROJECT / "target" / "manifest.json"
# Exit codes of a build that may succeed a while later: another command holds the lock; the audit failed.
PASSING = {3, 4}


def warehouse() -> Path:
    """The folder in which marts are published."""
    return Path(os.environ.get("CUSTOMER_SCORES_WAREHOUSE", PROJECT / "warehouse")).absolute()


def build() -> dict:
    """Builds and publishes, all or nothing, and returns the build's line of the journal (docs/operations.md).

    Raises BuildError, with the exit code and a sentence without raw rows; output that quotes some stays private.
    """
    raw = Path(os.environ.get("CUSTOMER_SCORES_RAW", PROJECT / "data" / "demo")).absolute()
    python = Path(os.environ.get("CUSTOMER_SCORES_PYTHON", PROJECT / ".venv" / "bin" / "python")).absolute()
    lines, work = warehouse() / "builds.jsonl", warehouse() / "work"
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    output = work / "last_build.txt"
    known = len(journal.read(lines))
    command = [python, "-m", "ops.build", "--raw", raw, "--warehouse", warehouse()]
    with output.open("w", encoding="utf-8") as printed:
        code = subprocess.run(command, cwd=PROJECT, stdout=printed, stderr=subprocess.STDOUT, check=False).returncode
    entries = journal.read(lines)[known:]
    if code or not entries:
        sentence = entries[-1]["message"] if entries else f"The build ended with exit code {code}."
        raise BuildError(f"{sentence} All that it printed is in {output}.", exit_code=code)
    return entries[-1]
