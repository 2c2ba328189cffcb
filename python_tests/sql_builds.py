"""Builds by the project's own SQL, as dbt compiled it, run in DuckDB without dbt's time: hundreds in a minute."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import duckdb
import pandas as pd
from dbt_builds import MODELS, Dbt, environment_of
from histories import SETTINGS, State, crowd, write_raw
from oracle.settings import project_seeds

# What is kept by load date and read by no table of engagement, beside these.
EVERYTHING_KEPT = [*MODELS[:-1], f"{MODELS[-1]} +int_contacts +int_survey_interactions +int_awareness_events"]
# Nobody is erased.
RAW_SCHEMAS = """
    create schema raw;
    create schema delivered;
    create table raw.erased_rows (request varchar, source_table varchar, id_digest bigint, row_count bigint)
"""
# What the compiled SQL says where builds of one setting differ.
ANY_BUILD = "any_build"
ANY_DAY = "2345-06-07"


@dataclass(frozen=True)
class Model:
    """A model as dbt compiled it, for a first build (`sql`) and for one that goes on from there (`next_sql`)."""

    name: str
    relation: str
    materialized: str
    sql: str
    next_sql: str
    meta: dict

    @property
    def digests(self) -> str:
        """Where an incremental model notes the digests of its partitions."""
        return f'{self.relation[:-1]}_digests"'


@dataclass(frozen=True)
class Project:
    """The models of some marts by setting, in their order; columns of seeds and raw tables with their types.

    `row_digest` is SQL, of a raw row's `row_number` and `raw_row`.
    """

    models: list[list[Model]]
    columns: dict[str, dict[str, str]]
    row_digest: str


def compile_project(
    dbt: Dbt, folder: Path, raw_folder: Path, selected: list[str] = EVERYTHING_KEPT, settings: list[dict] = SETTINGS
) -> Project:
    """The project, for any raw folder: the models that dbt selects with those options, for each of the settings.

    It is built once, so that dbt finds the kept tables when it compiles a build that goes on from them.
    """
    environment = {
        **environment_of(folder),
        "CUSTOMER_SCORES_RAW": str(raw_folder),
        "CUSTOMER_SCORES_BUILD_ID": ANY_BUILD,
    }
    dbt.run("build", *selected, settings=settings[0], environment=environment)
    models = [compiled(dbt, {**setting, "as_of_date": ANY_DAY}, environment, selected[-1]) for setting in settings]
    with duckdb.connect(str(folder / "work.duckdb"), read_only=True) as connection:
        connection.execute(f"attach '{folder / 'marts.duckdb'}' as customer_scores (read_only)")
        facts = connection.sql("""
            select table_catalog || '.' || table_schema || '.' || table_name, column_name, data_type
            from information_schema.columns
            order by ordinal_position
        """).fetchall()
    columns = {}
    for table, column, kind in facts:
        columns.setdefault(table, {})[column] = kind
    inline = ["compile", "--inline", "{{ digest(['row_number', 'raw_row']) }}"]
    (digest,) = dbt.run(*inline, environment=environment)
    return Project(models, columns, digest.compiled_code)


def compile_engagement(dbt: Dbt, folder: Path) -> Project:
    """The models of the engagement marts, compiled in an empty folder, which gets a raw folder for it."""
    write_raw(State(0, {"events": tuple(crowd())}, ()), folder / "raw")
    return compile_project(dbt, folder, folder / "raw")


def compiled(dbt: Dbt, settings: dict, environment: dict, selected: str) -> list[Model]:
    """The models for some vars, parents before children."""
    models = " ".join(f"{term},resource_type:model" for term in selected.split())
    compile_ = ["compile", "--select", models, "--indirect-selection", "empty"]
    first = dbt.run(*compile_, "--full-refresh", settings=settings, environment=environment)
    first = {node.name: node.compiled_code for node in first}
    return [
        Model(
            node.name,
            node.relation_name,
            node.config.materialized,
            first[node.name],
            node.compiled_code,
            dict(node.config.meta),
        )
        for node in dbt.run(*compile_, settings=settings, environment=environment)
    ]


class Warehouse:
    """The work database and the marts of a company, in memory, and the builds that follow each other in them."""

    def __init__(self, project: Project):
        self.project = project
        self.builds = count(1)
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute("set TimeZone = 'UTC'")
        # Of a few dozen rows: to find the best plan takes longer than any.
        self.connection.execute("pragma disable_optimizer")
        self.connection.execute("attach ':memory:' as work; attach ':memory:' as customer_scores; use work")
        self.connection.execute(f"create schema customer_scores.main_history; {RAW_SCHEMAS}")

    def __enter__(self) -> "Warehouse":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def build(self, state: State, raw_folder: Path) -> None:
        """Builds a state, or as much of it as is done before its build is killed."""
        for statement in [*self.raw_tables(raw_folder), *self.seeds(state.seeds)]:
            self.connection.execute(statement)
        statements = list(self.statements(state))
        if state.kill is None:
            self.run(statements)
            return
        marts = self.history()
        self.run(statements[: int(state.kill.after * len(statements))])
        if state.kill.leaves != "all":
            self.put_back(marts)
        if state.kill.leaves == "old_marts_and_no_work":
            self.connection.execute("use memory; detach work; attach ':memory:' as work; use work")
            self.connection.execute(RAW_SCHEMAS)

    def run(self, statements: list[str]) -> None:
        """Runs statements; what is not committed at their end is undone."""
        for statement in statements:
            self.connection.execute(statement)
        if statements.count("begin transaction") > statements.count("commit"):
            self.connection.execute("rollback")

    def statements(self, state: State) -> Iterator[str]:
        """What dbt would run for a state, given what is there."""
        models = self.project.models[state.setting]
        kept = [model for model in models if model.materialized == "incremental"]
        present = {model.name for model in kept if self.exists(model.relation)}
        # Where nothing is there dbt compiles an empty subquery instead.
        for model in kept if present else []:
            yield f"create table if not exists {model.digests} ({model.meta['partition']} date, digest bigint)"
        build_id = f"build_{next(self.builds)}"
        day = "null" if state.as_of_date is None else f"'{state.as_of_date}'"
        for model in models:
            sql = model.next_sql if model.name in present or (present and model not in kept) else model.sql
            sql = sql.replace(ANY_BUILD, build_id).replace(f"'{ANY_DAY}'", day)
            yield from self.statements_of(model, sql, model.name in present)

    def statements_of(self, model: Model, sql: str, is_next: bool) -> Iterator[str]:
        """What dbt would run for one model."""
        if model.materialized == "table_macro":
            parameters = ", ".join(model.meta["parameters"])
            yield f"create or replace function {model.relation}({parameters}) as table ({sql})"
        elif model.materialized != "incremental":
            # A dozen models read it, and each would bind its hundred rules anew, which takes longer than to run them.
            kind = "table" if model.name == "stg_events" else model.materialized
            yield f"create or replace {kind} {model.relation} as {sql}"
        else:
            yield from self.statements_of_incremental(model, sql, is_next)

    def statements_of_incremental(self, model: Model, sql: str, is_next: bool) -> Iterator[str]:
        """What the macros of macros/increments.sql make, and the transaction around it."""
        partition, partitions = model.meta["partition"], f"work.main.{model.meta['partitions']}"
        yield "begin transaction"
        if is_next:
            yield f"create or replace temp table selected as {sql}"
            wanted = f"select {partition} from {partitions} where not is_stale"
            yield f"delete from {model.relation} where {partition} not in ({wanted})"
            yield f"insert into {model.relation} by name select * from temp.selected"
        else:
            yield f"create table {model.relation} as {sql}"
        yield f"create or replace table {model.digests} as select {partition}, digest from {partitions}"
        yield "commit"

    def raw_tables(self, raw_folder: Path) -> Iterator[str]:
        """What makes the raw tables of a folder of Parquet files, as the macro prepare_raw makes its views."""
        for table in ("events", "customers", "survey_answers"):
            columns = self.project.columns[f"work.raw.{table}"]
            files = [str(path) for path in sorted(raw_folder.glob(f"{table}*.parquet"))]
            if not files:
                yield f"create or replace table work.raw.{table} ({typed(columns)})"
                yield f"create or replace view work.delivered.{table} as from work.raw.{table}"
                continue
            reader = f"read_parquet({files}, union_by_name = true)"
            given = [name for (name, *_) in self.connection.execute(f"describe from {reader}").fetchall()]
            absent = [name for name in columns if name not in [*given, "row_number", "raw_row", "row_digest"]]
            yield f"""
                create or replace table work.raw.{table} as
                select raw_row.*, *, {self.project.row_digest} as row_digest
                from (select row_number() over () as row_number, raw_row from {reader} as raw_row)
                cross join (select {", ".join(f"cast(null as {columns[name]}) as {name}" for name in absent)})
            """
            yield f"create or replace view work.delivered.{table} as from work.raw.{table}"

    def seeds(self, replaced: dict[str, pd.DataFrame]) -> Iterator[str]:
        """What makes the seeds."""
        for name, seed in {**project_seeds(), **replaced}.items():
            places = (f"work.main.{name}", f"customer_scores.main_history.{name}")
            for place in [place for place in places if place in self.project.columns]:
                columns = self.project.columns[place]
                yield f"create or replace table {place} ({typed(columns)})"
                rows = [
                    f"({', '.join(literal(text) for text in row)})"
                    for row in seed[list(columns)].itertuples(index=False)
                ]
                if rows:
                    yield f"insert into {place} values {', '.join(rows)}"

    def exists(self, relation: str) -> bool:
        """Whether there is such a table."""
        database, schema, name = relation.replace('"', "").split(".")
        found = "select 1 from duckdb_tables() where database_name = ? and schema_name = ? and table_name = ?"
        return self.connection.execute(found, [database, schema, name]).fetchone() is not None

    def history(self) -> dict[str, object]:
        """What the marts database keeps from build to build."""
        names = "select table_name from duckdb_tables() where schema_name = 'main_history'"
        names = [name for (name,) in self.connection.execute(names).fetchall()]
        return {name: self.connection.table(f"customer_scores.main_history.{name}").to_arrow_table() for name in names}

    def put_back(self, history: dict[str, object]) -> None:
        """Makes what is kept in the marts database what it was."""
        for name in self.history():
            self.connection.execute(f"drop table customer_scores.main_history.{name}")
        for name, rows in history.items():
            self.connection.from_arrow(rows).create(f"customer_scores.main_history.{name}")


def typed(columns: dict[str, str]) -> str:
    """Columns as a table's definition lists them."""
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())


def literal(text: str) -> str:
    """A field of a seed as SQL; null where it is blank."""
    return "null" if text == "" else "'" + text.replace("'", "''") + "'"
