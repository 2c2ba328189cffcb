"""Asks for known vulnerabilities of all packages of the lock files: `python -m ops.audit_packages`, in .venv-audit.

Exit codes: 0 every package was looked up and none has any; 1 some have; 3 not every package could be looked up, and
nothing is proved. Standard library only, and pip-audit as a command.
"""

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Runs the command and returns its exit code."""
    worst, locks = 0, sorted(PROJECT.glob("requirements*.lock"))
    for asked, lock in enumerate(locks, start=1):
        report, messages = ask(lock)
        code, text = judge(lock.name, report, messages)
        print(text, file=sys.stderr if code else sys.stdout)
        worst = code if worst == 0 or code == 1 else worst
        if not report.strip() and locks[asked:]:
            # Whoever does not answer once would not answer for the others either, and each may take ten minutes.
            print(f"Not asked for: {', '.join(other.name for other in locks[asked:])}.", file=sys.stderr)
            break
    return worst


def ask(lock: Path) -> tuple[str, str]:
    """What pip-audit prints for a lock file: its report as JSON, and its messages. It resolves and installs nothing."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--requirement", str(lock)]
    command += ["--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    except subprocess.TimeoutExpired:
        return "", "pip-audit did not end within 10 minutes"
    return done.stdout, done.stderr


def judge(lock: str, report: str, messages: str) -> tuple[int, str]:
    """The exit code for a lock file, and a sentence."""
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        last = (messages.strip().splitlines() or ["pip-audit said nothing"])[-1]
        return 3, f"{lock}: nothing was audited, since the data on vulnerabilities could not be reached ({last[:300]})."
    found = [
        f"\n  {package['name']} {package['version']}: {', '.join(problem['id'] for problem in package['vulns'])}"
        + f" (mended in {', '.join(fix for problem in package['vulns'] for fix in problem['fix_versions']) or 'none'})"
        for package in packages
        if package.get("vulns")
    ]
    unknown = [package["name"] for package in packages if "vulns" not in package]
    gap = (
        f" {len(unknown)} of {len(packages)} could not be looked up ({', '.join(unknown[:3])} ...)." if unknown else ""
    )
    if found:
        return 1, f"{lock}: {len(found)} packages have known vulnerabilities.{gap}{''.join(found)}"
    if unknown or not packages:
        return 3, f"{lock}: the audit is not complete, since the data on vulnerabilities could not be reached:{gap}"
    return 0, f"{lock}: {len(packages)} packages, none with a known vulnerability"


if __name__ == "__main__":
    sys.exit(main())
