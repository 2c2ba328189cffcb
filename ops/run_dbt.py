"""Runs dbt as a process of its own (in this one it would keep the databases locked) and shows how far it is."""

import json
import subprocess
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from ops.messages import plain

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
