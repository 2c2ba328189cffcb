"""Runs dbt as a process of its own (in this one it would keep the databases locked) and shows how far it is."""

import json
import os
import re
import subprocess
import sys
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ops.messages import plain

# `make test` proves what holds whatever the data: formulas, and the keys of steps that nobody opens. Where a step has a
# row twice, so have the marts that are made of it, whose keys every build tests.
KEYS_OF_STEPS = "tag:keys_of_steps"

# Linux kills dbt when we die (prctl 1 is PR_SET_PDEATHSIG): a build killed with -9 leaves no dbt behind.
CHILD = """
import ctypes, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
from dbt.cli.main import cli
cli()
"""


@dataclass
class DbtRun:
    """What dbt said: what stopped it or made it warn outside of any node, and its last lines that are no log event."""

    returncode: int = 0
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=20))


def build_arguments(project: Path, target: Path, logs: Path, threads: int, dbt_vars: dict) -> list[str]:
    """What a build of marts asks of dbt, whatever engine it is on."""
    arguments = ["build", "--exclude-resource-type", "exposure", "--threads", str(threads)]
    # dbt writes the metrics in another format too, which has no word for spans of validity. Nothing here reads it. Were
    # the warning named in the project, dbt v2, which does not know it, would refuse the project.
    arguments += ["--warn-error-options", '{"silence": ["MFConverterIssue"]}']
    arguments += ["--project-dir", str(project), "--profiles-dir", str(project)]
    arguments += ["--target-path", str(target), "--log-path", str(logs)]
    return arguments + ["--vars", json.dumps(dbt_vars, default=str, ensure_ascii=False)]


def build_environment(build_id: str, began: datetime) -> dict[str, str]:
    """What dbt sees of the environment in a build that began then, UTC."""
    # A DBT_ variable of the caller's shell would change the build unseen.
    # dbt writes DBT_ENV_CUSTOM_ENV_ variables to files, and never those of secrets.
    own = {name: value for name, value in os.environ.items() if not re.match("DBT_(?!ENV_SECRET_)", name)}
    # The caller may give another time, so that a build can be repeated, freshness of the sources included.
    own["CUSTOMER_SCORES_BUILD_TIME"] = own.get("CUSTOMER_SCORES_BUILD_TIME") or f"{began:%Y-%m-%d %H:%M:%S}"
    return own | {
        "CUSTOMER_SCORES_BUILD_ID": build_id,
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def run(arguments: list[str], environment: dict[str, str], lock: int, folder: Path) -> DbtRun:
    """Runs dbt in `folder` to its end and prints a line for each node as it ends, but for tests that passed.

    dbt inherits the file descriptor `lock`: should it outlive us, no other build starts while it still writes.
    """
    command = [sys.executable, "-P", "-c", CHILD, *arguments]
    command += ["--log-format", "json", "--log-format-file", "debug", "--no-use-colors"]
    seen = DbtRun()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        pass_fds=[lock],
    ) as process:
        try:
            for line in process.stdout:
                _note(line.rstrip(), seen)
        except BaseException:
            process.kill()
            raise
    seen.returncode = process.returncode
    return seen


def _note(line: str, seen: DbtRun) -> None:
    try:
        event = json.loads(line)
        info, data = event["info"], event["data"]
    except (ValueError, TypeError, KeyError):
        seen.tail.append(line)
        return
    name, shown = info["name"], None
    if name == "MainEncounteredError":
        seen.errors.append(data["exc"])
    elif name.startswith("Log") and {"index", "execution_time", "node_info"} <= data.keys():
        status = data["node_info"]["node_status"]
        if status != "pass":
            word = "" if status == "success" else status.upper()
            place = f"{data['index']:>4} of {data.get('total', data.get('num_models'))}"
            shown = f"{place} {data['execution_time']:7.1f} s  {data['node_info']['node_name']}  {word}"
    elif info["level"] == "warn" and not name.startswith(("Log", "RunResult")):
        seen.warnings.append(plain(data.get("msg") or info["msg"]))
        shown = f"  Warning: {seen.warnings[-1]}"
    elif name in ("JinjaLogInfo", "PrintEvent"):
        shown = f"  {info['msg']}"
    elif name == "FoundStats":
        shown = f"  dbt has read the project: {data['stat_line']}"
    if shown:
        print(plain(shown).rstrip(), flush=True)
