"""Says whether all is well: `python -m ops.doctor --warehouse DIR`. It reads, and never writes.

A line per check: OK, WARN or FAIL, and what to do. Exit codes: 0 nothing failed; 1 something did; 2 wrong usage.
"""

import argparse
import platform
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ops import locks

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
NAMED = ("dbt-core", "dbt-duckdb", "duckdb")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m ops.doctor", description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True, help="folder of the published marts")
    parser.add_argument("--max-age-hours", type=float, help="fail where what readers see was built longer ago")
    options = parser.parse_args(arguments)
    findings = [environment(LOCK)]
    if find_spec("duckdb"):
        # Later than the others: it needs DuckDB, which may be what is missing.
        from ops.health import check

        findings += check(options.warehouse, options.max_age_hours)
    for level, subject, text in findings:
        print(f"{level:<4}  {subject:<11}  {text}")
    return int(any(level == "FAIL" for level, *_ in findings))


def environment(lock: Path) -> tuple[str, str, str]:
    """Whether this environment is the one that the lock describes."""
    try:
        wrong = locks.differences(lock)
    except (OSError, ValueError) as error:
        return "FAIL", "environment", f"cannot be judged: {error} Take {lock.name} from the project anew."
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        text = f"not that of {lock.name}: {', '.join(wrong[:3])}{more}. Remove .venv; make build makes it anew."
        return "FAIL", "environment", text
    named = ", ".join(f"{name} {version(name)}" for name in NAMED)
    return "OK", "environment", f"Python {platform.python_version()}, {named}: all packages are those of {lock.name}"


if __name__ == "__main__":
    sys.exit(main())
