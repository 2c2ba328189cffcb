"""No var, no settings file and no model reads a file that is none of the build's, and no text becomes a formula."""

import csv
import io
import json
import re
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml
from dbt.cli.main import dbtRunner
from real_data import REPOSITORY

from ops.marts import print_file
from ops.messages import BuildError, cell, from_cell
from ops.publish import Audit, Warehouse
from ops.report import report
from ops.settings import merge_seeds, read_vars, seed_types, stage_project

VARS = yaml.safe_load((REPOSITORY / "dbt_project.yml").read_text())["vars"]
SEEDS = sorted((REPOSITORY / "seeds").glob("*.csv"))
SETTINGS_SQL = (REPOSITORY / "macros" / "settings.sql").read_text()
CONTENT = "what only its owner may read"


def readers() -> dict[str, str]:
    """By var, the macro without arguments that reads it."""
    macros = re.findall(r"{% macro (\w+)\(\) %}(.*?){% endmacro %}", SETTINGS_SQL, re.DOTALL)
    return {name: macro for macro, body in macros for name in re.findall(r"'(\w+)'", body) if name in VARS}


def payloads(secret: Path) -> list[object]:
    """Values that would read the file `secret`, were they pasted into SQL, or are of a kind that nobody expects."""
    query = f"select content from read_text('{secret}')"
    return [
        f"' union all {query} --",
        f"28) or 1 = (select count(*) from ({query})",
        f"2026-01-31\n; {query}",
        [f'plan", ({query}) as "region'],
        {"plan": query},
    ]


@pytest.fixture(scope="module")
def secret(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    path.write_text(CONTENT)
    return path


def forbidden(secret: Path, folder: Path) -> dict[str, tuple[str, str]]:
    """What a model may ask of the database, by name: the statement, and what it is told."""
    refused = "file system operations are disabled"
    return {
        "raw_file": (f"select * from read_csv('{folder}/raw/events.csv')", ""),
        "another_file": (f"select content from read_text('{secret}')", refused),
        "by_a_detour": (
            f"select content from read_text('{folder}/raw/../../{secret.parent.name}/secret.txt')",
            refused,
        ),
        "by_a_link": (f"select content from read_text('{folder}/raw/link.txt')", refused),
        "to_a_file": (f"copy (select 1) to '{folder}/elsewhere.csv'", refused),
        "to_a_database": (f"attach '{folder}/elsewhere.duckdb' as elsewhere", refused),
        "opened_again": ("set enable_external_access = true", "Cannot enable external access"),
        "more_folders": ("set allowed_directories = ['/']", "Cannot change allowed_directories"),
        "from_the_net": ("load httpfs", "Loading external extensions is disabled"),
    }


@pytest.fixture(scope="module")
def dbt(secret, tmp_path_factory):
    """`dbt(*arguments) -> messages by node`: the project, with models of the tests' own, parsed once in this process.

    For each var a model that reads it, and for each statement of `forbidden` one that begins as each run begins and
    then asks. Without the hook that begins a run, so that a refused var does not keep the others from being tried.
    """
    folder = tmp_path_factory.mktemp("security")
    stage, raw = folder / "project", folder / "raw"
    raw.mkdir()
    (folder / "work").mkdir()
    # A raw table may be a link; no other link is followed.
    (raw / "events.csv").symlink_to(folder / "delivered.csv")
    (folder / "delivered.csv").write_text("event_id,customer_id,event_type,occurred_at\ne1,c1,login,2026-01-01\n")
    (raw / "link.txt").symlink_to(secret)
    stage_project(REPOSITORY, None, stage)
    project = (stage / "dbt_project.yml").read_text()
    (stage / "dbt_project.yml").unlink()
    (stage / "dbt_project.yml").write_text(
        re.sub("^on-run-start: .*$", "", project, flags=re.MULTILINE).replace("[models]", "[models, own_models]")
    )
    models = {f"setting_{name}": f"{{% do {macro}() %}}" for name, macro in readers().items()}
    for name, (statement, _) in forbidden(secret, folder).items():
        models[f"asks_{name}"] = (
            f'{{% if execute %}}{{% do prepare_raw() %}}{{% do run_query("{statement}") %}}{{% endif %}}'
        )
    (stage / "own_models").mkdir()
    for name, text in models.items():
        (stage / "own_models" / f"{name}.sql").write_text(f"{text} select 1 as one")
    with pytest.MonkeyPatch.context() as patch:
        for name, path in {
            "RAW": raw,
            "WORK": folder / "work" / "work.duckdb",
            "MARTS": folder / "work" / "marts.duckdb",
        }.items():
            patch.setenv(f"CUSTOMER_SCORES_{name}", str(path))
        paths = ["--project-dir", str(stage), "--profiles-dir", str(stage), "--target-path", str(folder / "target")]
        paths += ["--log-path", str(folder / "logs")]
        manifest = dbtRunner().invoke(["--quiet", "parse", *paths]).result

        def dbt(*arguments: str) -> dict[str, str]:
            done = dbtRunner(manifest=manifest).invoke(["--quiet", *arguments, *paths])
            assert done.exception is None, done.exception
            return {result.node.name: result.message for result in done.result}

        dbt.folder = folder
        yield dbt


def test_each_var_is_read_in_one_place_that_checks_it():
    assert set(readers()) == set(VARS)
    elsewhere = [
        (path.relative_to(REPOSITORY).as_posix(), line.strip())
        for folder in ("models", "macros", "tests", "analyses", "seeds")
        for path in sorted((REPOSITORY / folder).rglob("*.*"))
        if path.suffix in (".sql", ".yml", ".py") and path != REPOSITORY / "macros" / "settings.sql"
        for line in path.read_text().splitlines()
        if re.search(r"(?<![\w.])var\(", line)
    ]
    # What models in Python are told, and whether they are built: none of it reaches SQL.
    config = r"""(enabled: "{{ var\('\w+'\) \| as_bool }}"|(\w+): "{{ var\('\2'\) }}")"""
    assert [place for place in elsewhere if not (place[0].endswith(".yml") and re.fullmatch(config, place[1]))] == []


def test_no_var_reads_a_file(dbt, secret):
    for payload in payloads(secret):
        given = json.dumps(dict.fromkeys(VARS, payload))
        said = dbt("run", "--select", "setting_*", "--vars", given)
        assert set(said) == {f"setting_{name}" for name in VARS}
        for name in VARS:
            assert f"The var {name} " in said[f"setting_{name}"], f"{name} accepts {payload!r}"


def test_a_run_reads_the_raw_files_and_no_other(dbt, secret):
    said = dbt("run", "--select", "asks_*", "--threads", "1")
    for name, (statement, told) in forbidden(secret, dbt.folder).items():
        assert (told or "OK") in said[f"asks_{name}"], statement


def test_what_a_seed_says_stays_a_text(dbt, secret, tmp_path):
    payload, types, texts = payloads(secret)[0], seed_types(REPOSITORY), {}
    for seed in SEEDS:
        columns = next(csv.reader(seed.open()))
        texts[seed.stem] = [column for column in columns if types[seed.stem][column] == "text"]
        with (tmp_path / seed.name).open("w") as file:
            csv.writer(file).writerows([columns, [payload if column in texts[seed.stem] else "" for column in columns]])
    merge_seeds(REPOSITORY / "seeds", tmp_path, dbt.folder / "project" / "seeds", types)
    dbt("seed")
    with duckdb.connect(str(dbt.folder / "work" / "work.duckdb")) as connection:
        # dbt has both open until this process ends.
        connection.execute(f"attach if not exists '{dbt.folder / 'work' / 'marts.duckdb'}' as customer_scores")
        places = connection.sql("select table_name, database_name, schema_name from duckdb_tables()").fetchall()
        places = {table: f"{database}.{schema}.{table}" for table, database, schema in places}
        for seed, columns in texts.items():
            for column in columns:
                found = connection.execute(f'select count(*) from {places[seed]} where "{column}" = ?', [payload])
                assert found.fetchone() == (1,), f"{seed}.{column}"


def test_no_sql_is_made_of_what_the_database_holds():
    # A seed's text could else become SQL after all.
    pattern = r"\b(run_query|statement|load_result|get_column_values|query|query_table|read_\w+|glob|parquet_\w+)\s*\("
    asking = {
        path.relative_to(REPOSITORY).as_posix()
        for folder in ("models", "macros", "tests", "analyses")
        for path in (REPOSITORY / folder).rglob("*.sql")
        if re.search(pattern, path.read_text())
    }
    # The last two ask for nothing: one runs the SQL of a model, the other writes a seed's rows as quoted texts.
    assert asking == {
        *("macros/raw_contract.sql", "macros/postgres.sql", "macros/erasure.sql"),
        *("macros/materializations.sql", "macros/seeds.sql"),
        # Besides the names and types of raw columns: the dates of partitions.
        "macros/spark.sql",
    }


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_no_column_that_is_no_text_takes_one(seed, secret, tmp_path):
    types = seed_types(REPOSITORY)[seed.stem]
    columns = next(csv.reader(seed.open()))
    for column in [column for column in columns if types[column] != "text"]:
        with (tmp_path / seed.name).open("w") as file:
            csv.writer(file).writerows([columns, [payloads(secret)[0] if name == column else "" for name in columns]])
        with pytest.raises(BuildError, match=f"line 2: {column} is "):
            merge_seeds(REPOSITORY / "seeds", tmp_path, tmp_path / "target", {seed.stem: types})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("min_answers: '{{ env_var(\"HOME\") }}'", "sets min_answers to an expression of Jinja"),
        ("segment_columns: [plan, '{% do x %}']", "sets segment_columns to an expression of Jinja"),
        ("as_of_date: !!python/object/apply:os.getcwd []", "cannot be read as YAML"),
    ],
)
def test_no_var_is_carried_out(text, sentence, tmp_path):
    (tmp_path / "vars.yml").write_text(text)
    with pytest.raises(BuildError, match=sentence):
        read_vars(tmp_path, REPOSITORY)


@pytest.fixture
def warehouse(tmp_path) -> Warehouse:
    """A warehouse with marts that hold nothing."""
    warehouse = Warehouse(tmp_path / "warehouse")
    warehouse.prepare()
    duckdb.connect(str(warehouse.building)).close()
    warehouse.publish("1")
    return warehouse


@pytest.mark.parametrize(
    "query",
    [
        "select content from read_text('{secret}')",
        "set enable_external_access = true; select content from read_text('{secret}')",
        "attach '{secret}.duckdb'",
        "copy (select 1) to '{secret}.csv'",
    ],
)
def test_a_companys_own_summary_reads_the_marts_alone(query, secret, warehouse, tmp_path):
    summary = tmp_path / "summary.sql"
    summary.write_text(query.format(secret=secret))
    shown = report(warehouse, tmp_path, Audit(date(2026, 1, 1), {}, {}), [], summary, {})
    assert f"{summary} cannot be run on the marts" in shown and CONTENT not in shown
    assert [path.name for path in secret.parent.iterdir()] == [secret.name]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('=HYPERLINK("http://example.invalid","x")', '\'=HYPERLINK("http://example.invalid","x")'),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-1+1", "'-1+1"),
        ("+cmd", "'+cmd"),
        ("\tx", "'\tx"),
        ("\r=1", "'\r=1"),
        ("'=1", "''=1"),
        ("-1.5", "-1.5"),
        ("it's", "it's"),
        ("'quoted'", "'quoted'"),
        ("", ""),
    ],
)
def test_no_text_is_a_formula_in_a_spreadsheet_and_none_is_changed_by_going_there_and_back(text, shown):
    assert cell(text) == shown
    assert from_cell(shown) == text


def test_a_proposed_file_holds_no_formula_and_names_what_it_named(warehouse, tmp_path, capsys):
    rows = [["event_type", "weight", "valid_from", "valid_to", "reason"], ["=cmd", "-1.5", "", "", "@x, y\x1b[2J"]]
    assert print_file(warehouse.folder, lambda _: (rows, "note\x1b[2J")) == 0
    printed = capsys.readouterr()
    assert printed.err == "note\\x1b[2J\n"
    assert list(csv.reader(io.StringIO(printed.out)))[1] == ["'=cmd", "-1.5", "", "", "'@x, y\x1b[2J"]
    (tmp_path / "event_weights.csv").write_text(printed.out)
    merge_seeds(REPOSITORY / "seeds", tmp_path, tmp_path / "target", {})
    merged = list(csv.reader((tmp_path / "target" / "event_weights.csv").open()))
    assert rows[1] in merged
