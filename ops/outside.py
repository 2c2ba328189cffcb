"""Runs models in Python outside of dbt, for a server that cannot run them.

A model is a function of `dbt`, of which it asks tables by `dbt.ref`, as relations of DuckDB, and its settings by
`dbt.config.meta_get`. Here both are answered from outside: tables are fetched from the server into a DuckDB in memory,
and what the function returns goes back as a table.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pandas as pd

from ops.messages import BuildError


def of_python(manifest: dict) -> dict[str, dict]:
    """The models in Python of dbt's manifest, by unique id."""
    return {
        name: node
        for name, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["language"] == "python" and node["config"]["enabled"]
    }


def waves(manifest: dict) -> list[tuple[list[str], list[str]]]:
    """In which order to build what models in Python are part of.

    Each wave is the models in Python whose parents are there by then, and all else, tests included, that is made of
    those and of none in a later wave; by unique id.
    """
    models = of_python(manifest)
    wave_of: dict[str, int] = {}

    def wave(name: str) -> int:
        # 0: no model in Python among its ancestors and itself.
        if name not in wave_of:
            parents = manifest["nodes"].get(name, {}).get("depends_on", {}).get("nodes", [])
            wave_of[name] = max(map(wave, parents), default=0) + (name in models)
        return wave_of[name]

    found: dict[int, tuple[list[str], list[str]]] = {}
    for name, node in sorted(manifest["nodes"].items()):
        if wave(name) and node["resource_type"] in ("model", "test") and node["config"]["enabled"]:
            found.setdefault(wave(name), ([], []))[name not in models].append(name)
    return [found[number] for number in sorted(found)]


def run(
    project: Path, node: dict, manifest: dict, fetch: Callable[[duckdb.DuckDBPyConnection, dict, str], None]
) -> pd.DataFrame:
    """What a model in Python returns. `fetch` makes, in a connection of DuckDB, a table of that name of a parent.

    Raises BuildError with what the model says where it fails.
    """
    spec = importlib.util.spec_from_file_location(node["name"], project / node["original_file_path"])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    parents = {manifest["nodes"][name]["name"]: manifest["nodes"][name] for name in node["depends_on"]["nodes"]}
    with duckdb.connect() as connection:

        def ref(name: str) -> duckdb.DuckDBPyRelation:
            if name in parents:
                fetch(parents.pop(name), connection, name)
            return connection.table(name)

        def config(**settings: object) -> None:
            """What a model says of itself is dbt's business."""

        config.meta_get = node["config"]["meta"].get
        try:
            found = module.model(SimpleNamespace(ref=ref, config=config), connection)
        except Exception as error:
            raise BuildError(f"Model {node['name']} ({node['original_file_path']}) failed: {error}") from error
        return found.df() if isinstance(found, duckdb.DuckDBPyRelation) else found
