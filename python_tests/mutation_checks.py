"""What may notice that a model lost a rule: dbt's unit tests, finished builds, and histories of small companies.

Each check has the results of the models as they are, which the tests hold to what is right: a unit test to the rows
that it expects, a build to the oracle. So a mutant that gives other results fails a test.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb
from histories import History
from mutants import Mutant, mutants, parse, without
from sql_builds import ANY_BUILD, ANY_DAY, Project, Warehouse
from sqlglot.expressions import Expression
from test_oracle import JUDGED_ELSEWHERE, OF_TODAY, READERS_OWN, STAMP, compare

MART = '"customer_scores"."main".'
GIVEN = "__dbt__cte__"
# A rule that held rows apart may leave billions of them.
SECONDS = 15
MEMORY = "3GB"
NOT_SQL = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
TOO_MUCH = (duckdb.InterruptException, duckdb.OutOfMemoryException)
# After a fault within DuckDB the database is of no use.
FAULTS = (duckdb.InternalException, duckdb.FatalException)
# What stops a build, and so fails every test of it.
STOPS = (
    duckdb.ConversionException,
    duckdb.OutOfRangeException,
    duckdb.InvalidInputException,
    duckdb.ConstraintException,
)


class NoModel(Exception):
    """Without the rule the SQL means nothing: it is no mutant."""


@contextmanager
def meaningful() -> Iterator[None]:
    """Raises NoModel where DuckDB finds no meaning in a mutant."""
    try:
        yield
    except NOT_SQL as error:
        raise NoModel(str(error)) from error


@contextmanager
def limited(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Stops what runs longer than SECONDS; raises duckdb.InterruptException then."""
    timer = threading.Timer(SECONDS, connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Text:
    """A model as dbt compiled it somewhere, and which of its rules is which of the model's."""

    def __init__(self, model: str, sql: str):
        self.model, self.tree = model, parse(sql)

    @cached_property
    def rules(self) -> list[Mutant]:
        """The mutants of this text."""
        return mutants(self.model, self.tree)

    def without(self, mutant: Mutant, known: list[Mutant]) -> str | None:
        """The text without the rule; None where it has no such rule. `known` are the mutants of the model.

        Settings give rules another text, but leave them in their order.
        """
        if [rule.kind for rule in self.rules] == [rule.kind for rule in known]:
            return without(self.tree, known.index(mutant))
        return without(self.tree, self.rules.index(mutant)) if mutant in self.rules else None


class UnitTest:
    """One of dbt's unit tests."""

    def __init__(self, name: str, model: str, compiled: str, run: str):
        """`compiled` is the model with the rows given as CTEs, `run` what dbt runs to compare."""
        self.name, self.text, self.run = name, Text(model, compiled), run
        self.columns = re.search(r"select\s+(.*?), 'actual' as", run, re.S)[1]
        clause = self.text.tree.args["with_"]
        self.given = {cte.alias: cte.this.sql("duckdb", comments=False) for cte in given_of(clause)}
        for cte in given_of(clause):
            cte.pop()
        if not clause.expressions:
            self.text.tree.set("with_", None)
        self.open()

    def open(self) -> None:
        """Makes tables of what is given; holds the model as it is to what is expected."""
        self.connection = in_memory()
        self.connection.execute("pragma disable_optimizer")
        for name, sql in self.given.items():
            self.connection.execute(f"create table {name} as {sql}")
        self.expected = self.rows(self.text.tree.sql("duckdb", comments=False))
        both = self.connection.execute(self.run).fetchall()
        assert self.expected == sorted((row[:-1] for row in both if row[-1] == "expected"), key=repr), self.name

    def rows(self, sql: str) -> list[tuple]:
        """The rows that are compared."""
        with limited(self.connection):
            return sorted(self.connection.execute(f"select {self.columns} from ({sql})").fetchall(), key=repr)

    def notices(self, mutant: Mutant, known: list[Mutant]) -> bool:
        """Whether the test fails. Raises NoModel, and duckdb.Error where the mutant cannot be run."""
        sql = self.text.without(mutant, known)
        if sql is None:
            return False
        with meaningful():
            return self.rows(sql) != self.expected


def given_of(clause: Expression) -> list[Expression]:
    """The CTEs with the rows that a unit test gives."""
    return [cte for cte in clause.expressions if cte.alias.startswith(GIVEN)]


def in_memory() -> duckdb.DuckDBPyConnection:
    """A database of its own, on one thread, that leaves no files."""
    connection = duckdb.connect(config={"threads": 1, "memory_limit": MEMORY, "temp_directory": ""})
    connection.execute("set TimeZone = 'UTC'")
    return connection


@dataclass(frozen=True)
class Step:
    """A model of a build, with the names of all models, seeds and sources that it reads.

    `rows` is SQL for what the tests read of it, in place of its relation; `is_compared` says whether they do.
    """

    name: str
    relation: str
    sql: str
    language: str
    parents: frozenset[str]
    is_compared: bool
    rows: str
    parameters: str = ""


class Build:
    """A build that is done; what a mutant changes is followed until a table shows it that the tests compare."""

    def __init__(self, name: str, connect: Callable[[], duckdb.DuckDBPyConnection], steps: list[Step]):
        """`steps` has parents before children."""
        self.name, self.connect = name, connect
        self.steps = {step.name: step for step in steps}
        self.texts: dict[str, Text] = {}
        self.fingerprints: dict[str, tuple] = {}
        self.open()

    def open(self) -> None:
        """Connects anew."""
        self.connection = self.connect()

    def notices(self, mutant: Mutant, known: list[Mutant]) -> bool:
        """Whether such a table differs. Raises NoModel, and duckdb.Error where the mutant cannot be run."""
        if mutant.model not in self.steps:
            return False
        if mutant.model not in self.texts:
            self.texts[mutant.model] = Text(mutant.model, self.steps[mutant.model].sql)
        sql = self.texts[mutant.model].without(mutant, known)
        changed: set[str] = set()
        with limited(self.connection):
            for step in self.steps.values():
                if step.name == mutant.model and sql is not None:
                    with meaningful():
                        self.create(step, sql)
                elif step.parents & changed:
                    self.create(step, self.reading(step, changed))
                else:
                    continue
                if self.fingerprint(mine(step)) == self.known_fingerprint(step):
                    continue
                changed.add(step.name)
                if step.is_compared and self.differs(step):
                    return True
        return False

    def reading(self, step: Step, changed: set[str]) -> str:
        """A model that reads what changed in place of what was."""
        sql = step.sql
        for name in changed:
            relation = self.steps[name].relation
            # A model in Python has names of relations within quotes.
            sql = sql.replace(relation, mine(self.steps[name])).replace(
                relation.replace('"', '\\"'), mine(self.steps[name])
            )
        return sql

    def create(self, step: Step, sql: str) -> None:
        """Makes a table of what a model gives."""
        made = f"({sql})"
        if step.language == "python":
            module: dict = {}
            exec(sql, module)
            dbt = module["dbtObj"](lambda table: self.connection.sql(f"from {table}"))
            self.connection.register("made", module["model"](dbt, self.connection))
            made = "made"
        elif step.parameters:
            self.connection.execute(f"create or replace function {mine(step)}({step.parameters}) as table ({sql})")
            made = mine(step)
        rows = step.rows.replace(step.relation, made)
        self.connection.execute(f"create or replace table {mine(step)} as {rows}")

    def fingerprint(self, rows: str) -> tuple:
        """What is the same for the same rows."""
        digest = f"select count(*), sum(hash(rows)::hugeint) from ({rows}) as rows"
        return self.connection.execute(digest).fetchall()[0]

    def known_fingerprint(self, step: Step) -> tuple:
        """The fingerprint of a model as it is."""
        if step.name not in self.fingerprints:
            self.fingerprints[step.name] = self.fingerprint(step.rows)
        return self.fingerprints[step.name]

    def differs(self, step: Step) -> bool:
        """Whether the test's comparison of this table fails."""
        described = self.connection.execute(f"describe {step.rows}").fetchall()
        columns = [name for name, *_ in described if name not in READERS_OWN.get(step.name, set())]
        found, expected = (f"select {', '.join(columns)} from ({rows})" for rows in (f"from {mine(step)}", step.rows))
        # Rows that both have say nothing more.
        more = self.connection.execute(f"{found} except all {expected}").df()
        fewer = self.connection.execute(f"{expected} except all {found}").df()
        try:
            compare(step.name, more, fewer.drop(columns=list(STAMP), errors="ignore"))
        except AssertionError:
            return True
        return False


def mine(step: Step) -> str:
    """Where a mutant's rows lie."""
    return f"memory.main.{step.name}"


def manifest_of(folder: Path) -> dict:
    """What dbt knows of the project and has compiled."""
    return json.loads((folder / "manifest.json").read_text())


def parents_of(manifest: dict) -> dict[str, frozenset[str]]:
    """What each model reads."""
    return {
        node["name"]: frozenset(parent.split(".")[-1] for parent in node["depends_on"]["nodes"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }


def finished_build(name: str, warehouse: Path) -> Build:
    """A build that dbt made of a raw folder."""

    def connect() -> duckdb.DuckDBPyConnection:
        connection = in_memory()
        connection.execute(f"attach '{warehouse}/work/work.duckdb' as work (read_only)")
        marts = (warehouse / "customer_scores.duckdb").resolve()
        connection.execute(f"attach '{marts}' as customer_scores (read_only)")
        return connection

    manifest = manifest_of(warehouse / "work" / "target")
    nodes = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    parents = parents_of(manifest)
    steps = [
        Step(
            name,
            nodes[name]["relation_name"],
            nodes[name]["compiled_code"],
            nodes[name]["language"],
            parents[name],
            name not in JUDGED_ELSEWHERE and (nodes[name]["relation_name"].startswith(MART) or name == "rejected_rows"),
            f"from {nodes[name]['relation_name']} {'where score_date = as_of_date' if name in OF_TODAY else ''}",
        )
        for name in TopologicalSorter(parents).static_order()
        if name in nodes and nodes[name]["config"]["materialized"] != "table_macro"
    ]
    return Build(name, connect, steps)


def small_build(name: str, project: Project, parents: dict, history: History, raw_folder: Path) -> Build:
    """A full build of the last state of a history, which lies in a raw folder."""
    state = history.states[-1]
    days = f"(date '{history.known_on}', date '{history.on_date}')"

    def connect() -> duckdb.DuckDBPyConnection:
        warehouse = Warehouse(project)
        warehouse.build(state, raw_folder)
        return warehouse.connection

    day = "null" if state.as_of_date is None else f"'{state.as_of_date}'"
    models = {model.name: model for model in project.models[state.setting]}
    steps = [
        Step(
            name,
            model.relation,
            model.sql.replace(ANY_BUILD, "build_1").replace(f"'{ANY_DAY}'", day),
            "sql",
            parents[name],
            model.relation.startswith(MART),
            f"from {model.relation}{days if 'parameters' in model.meta else ''}",
            ", ".join(model.meta.get("parameters", [])),
        )
        for name, model in models.items()
    ]
    return Build(name, connect, steps)
