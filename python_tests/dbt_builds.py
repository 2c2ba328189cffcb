"""Builds by dbt itself, in a process of its own, which may be killed."""

import copy
import json
import multiprocessing
import os
import shutil
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest.mock import patch

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.constants import PARTIAL_PARSE_FILE_NAME
from histories import State
from real_data import REPOSITORY

from ops.publish import Warehouse
from ops.settings import stage_project

MODELS = ["--resource-type", "model", "--resource-type", "seed", "--select"]
MODELS += ["+path:models/marts/engagement +row_reconciliation"]
# About as many statements as dbt runs in a build, so that a kill may come at any of them.
STATEMENTS = 400
# The process is the copy of one that has imported dbt and does nothing else: the tests' own has threads, with which a
# copy would wait for ever.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["dbt.cli.main", "dbt.adapters.duckdb"])


def parsed(folder: Path) -> object:
    """The project's manifest."""
    return parse(REPOSITORY, folder, environment_of(folder))


def parsed_for_builds(folder: Path) -> Path:
    """What dbt keeps of the project once it has parsed it as `python -m ops.build` gives it to dbt."""
    stage_project(REPOSITORY, None, folder / "project")
    parse(folder / "project", folder, Warehouse(folder).databases)
    return folder / PARTIAL_PARSE_FILE_NAME


def parse(project: Path, folder: Path, environment: dict[str, str]) -> object:
    """The manifest of a project; in `folder` lies what dbt keeps of it."""
    paths = ["--project-dir", str(project), "--profiles-dir", str(project), "--no-write-json"]
    paths += ["--target-path", str(folder), "--log-path", str(folder)]
    return in_a_process(None, ["parse", *paths], environment)


def in_a_process(manifest: object, arguments: list[str], environment: dict, kill_after: int | None = None) -> object:
    """The result of dbt, run in a process of its own, or None where that was killed on its way.

    It is the manifest of `parse`, else the nodes that dbt ran. `kill_after` is a number of SQL statements. The process
    stays for the next run, which then finds what dbt makes ready in its first seconds.
    """
    done = process().submit(run_dbt, manifest, arguments, environment, kill_after)
    try:
        return done.result()
    except BrokenProcessPool:
        process.cache_clear()
        if kill_after is None:
            raise
        return None


@cache
def process() -> ProcessPoolExecutor:
    """The process that runs dbt for this one."""
    return ProcessPoolExecutor(1, PROCESSES)


class Dbt:
    """The project, parsed, with seeds that may be written anew for each build."""

    def __init__(self, folder: Path, manifest: object):
        self.project = folder / "project"
        stage_project(REPOSITORY, None, self.project)
        self.paths = ["--project-dir", str(self.project), "--profiles-dir", str(self.project)]
        self.paths += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
        # Nobody reads them.
        self.paths += ["--no-write-json", "--log-level-file", "none"]
        self.manifest = copy.deepcopy(manifest)
        # Each process gets a copy of the manifest, and none runs a unit test.
        self.manifest.unit_tests.clear()
        for node in self.manifest.nodes.values():
            if node.resource_type == "seed":
                node.root_path = str(self.project)

    def run(
        self, *arguments: str, environment: dict, settings: dict | None = None, kill_after: int | None = None
    ) -> object:
        """What `in_a_process` returns of dbt with these arguments and vars."""
        arguments = [*arguments, "--vars", json.dumps(settings or {}), *self.paths]
        return in_a_process(self.manifest, arguments, environment, kill_after)


def run_dbt(manifest: object, arguments: list[str], environment: dict, kill_after: int | None) -> object:
    """What `in_a_process` does, in that process."""
    statements = 0

    def end_at_last(event: object) -> None:
        nonlocal statements
        statements += event.info.name == "SQLQuery"
        if kill_after is not None and statements > kill_after:
            os.kill(os.getpid(), signal.SIGKILL)

    with patch.dict(os.environ, environment):
        done = dbtRunner(manifest=manifest, callbacks=[end_at_last]).invoke(["--quiet", *arguments])
    # Else the files stay open, and nobody else could read them.
    DuckDBConnectionManager.close_all_connections()
    assert done.success, done.exception
    return done.result if arguments[0] == "parse" else [result.node for result in done.result]


def environment_of(folder: Path) -> dict[str, str]:
    """What tells dbt to work in the databases of a folder."""
    return {f"CUSTOMER_SCORES_{name}": str(folder / f"{name.lower()}.duckdb") for name in ("WORK", "MARTS")}


@dataclass(frozen=True)
class Files:
    """The work database and the marts file of a company, and the builds that dbt makes in them."""

    dbt: Dbt
    folder: Path

    def build(self, state: State, raw_folder: Path, *options: str) -> None:
        """Builds a state, or as much of it as is done before its build is killed."""
        for name, seed in state.seeds.items():
            seed.to_csv(self.dbt.project / "seeds" / f"{name}.csv", index=False)
        environment = {**environment_of(self.folder), "CUSTOMER_SCORES_RAW": str(raw_folder)}
        arguments = ["build", *MODELS, *options]
        if state.kill is None:
            self.dbt.run(*arguments, settings=state.vars, environment=environment)
            return
        before = self.folder / "before"
        self.copy_marts(self.folder, before)
        # One thread, so that a failure can be repeated.
        self.dbt.run(
            *arguments,
            "--threads",
            "1",
            settings=state.vars,
            environment=environment,
            kill_after=int(state.kill.after * STATEMENTS),
        )
        if state.kill.leaves != "all":
            self.copy_marts(before, self.folder)
        if state.kill.leaves == "old_marts_and_no_work":
            for path in self.folder.glob("work.duckdb*"):
                path.unlink()

    def copy_marts(self, source: Path, target: Path) -> None:
        """Makes the marts file of one folder that of another."""
        target.mkdir(exist_ok=True)
        for path in target.glob("marts.duckdb*"):
            path.unlink()
        for path in source.glob("marts.duckdb*"):
            shutil.copy(path, target)

    def open(self) -> duckdb.DuckDBPyConnection:
        """A connection to the marts, under the name that their views know."""
        connection = duckdb.connect()
        connection.execute(f"attach '{self.folder / 'marts.duckdb'}' as customer_scores (read_only)")
        return connection
