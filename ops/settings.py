"""A company's own settings, laid over the project's: seeds (DECISIONS D34) and dbt vars."""

import csv
import io
import re
from datetime import date
from pathlib import Path

import yaml

from ops.messages import NUMBER, BuildError, from_cell


def check_files(settings: Path, seeds: Path) -> None:
    """Raises BuildError where the folder `settings` holds a file that no build would read: it is a misspelt name."""
    known = sorted({"vars.yml", "summary.sql"} | {path.name for path in seeds.glob("*.csv")})
    for path in sorted(settings.iterdir()):
        if path.name not in known and not path.name.startswith("."):
            raise BuildError(f"{path} is not a settings file. Known names: {', '.join(known)}.")


def read_vars(settings: Path | None, project: Path) -> dict:
    """The company's values of dbt vars, from `vars.yml`; empty where there is none.

    Raises BuildError for a file that is no YAML mapping, a name that `dbt_project.yml` does not declare, and Jinja.
    """
    path = settings / "vars.yml" if settings else None
    if path is None or not path.is_file():
        return {}
    try:
        own = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
    except (yaml.YAMLError, ValueError) as error:
        raise BuildError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(own, dict):
        raise BuildError(f"{path} must hold lines of the form `name: value`.")
    declared = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8")).get("vars") or {}
    for name, value in own.items():
        if name not in declared:
            raise BuildError(f"{path} sets {name}, which is no var. Known vars: {', '.join(sorted(declared))}.")
        # dbt would carry it out, and so print what it likes of the environment.
        if re.search("{[{%#]", str(value)):
            raise BuildError(f"{path} sets {name} to an expression of Jinja: give the value itself.")
    return own


def stage_project(project: Path, settings: Path | None, stage: Path) -> None:
    """Makes `stage` the dbt project to run: links to all of `project` but its unit tests, and the merged seeds.

    `seed-paths` cannot point to a folder outside of the project instead: dbt writes the SQL that loads a seed to
    `target/run/<path of the seed>`, and where that path is absolute it overwrites the seed itself.
    """
    stage.mkdir(exist_ok=True)
    for link in [path for path in stage.iterdir() if path.is_symlink()]:
        link.unlink()
    for path in project.iterdir():
        if path.name != "seeds" and not path.name.startswith("."):
            (stage / path.name).symlink_to(path)
    # A build runs no unit test: dbt need not read as many of them as there is all else.
    (stage / ".dbtignore").write_text("_*unit_tests.yml\n", encoding="utf-8")
    merge_seeds(project / "seeds", settings, stage / "seeds", seed_types(project))


def seed_types(project: Path) -> dict[str, dict[str, str]]:
    """The column types that `dbt_project.yml` declares, by seed and column."""
    configured = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))
    seeds = configured.get("seeds", {}).get(configured["name"], {})
    return {
        name: seed["+column_types"]
        for name, seed in seeds.items()
        if isinstance(seed, dict) and "+column_types" in seed
    }


def merge_seeds(seeds: Path, settings: Path | None, target: Path, types: dict[str, dict[str, str]]) -> None:
    """Makes `target` the folder of seeds to load: the project's, with the company's rows merged in.

    A company's rows replace all rows of the seed with the same first column. Files that would not change are left
    alone, so that dbt need not parse them again. `types` are those of seed_types. Raises BuildError naming file and
    column or line.
    """
    wanted = {}
    for path in sorted(path for path in seeds.rglob("*") if path.is_file()):
        own = settings / path.name if settings and path.suffix == ".csv" else None
        merged = own is not None and own.is_file()
        wanted[target / path.relative_to(seeds)] = (
            _merge(path, own, types.get(path.stem, {})) if merged else path.read_bytes()
        )
    for path in [path for path in target.rglob("*") if path.is_file() and path not in wanted]:
        path.unlink()
    for path, content in wanted.items():
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _merge(seed: Path, own: Path, types: dict[str, str]) -> bytes:
    columns, rows, _ = _read(seed)
    own_columns, own_rows, lines = _read(own)
    expected = f"Its columns are {', '.join(columns)}, separated by commas."
    for column in own_columns:
        if column not in columns or own_columns.count(column) > 1:
            problem = "twice" if column in columns else "which the seed lacks"
            raise BuildError(f"{own} has the column {column or '(no name)'}, {problem}. {expected}")
    for column in columns:
        if column not in own_columns:
            raise BuildError(f"{own} lacks the column {column}. {expected}")
    position = [own_columns.index(column) for column in columns]
    own_rows = [[row[i] for i in position] for row in own_rows]
    for line, row in zip(lines, own_rows, strict=True):
        for column, value in zip(columns, row, strict=True):
            problem = _problem(value, types.get(column, "text"))
            if problem:
                raise BuildError(f"{own}, line {line}: {column} is {value!r}, {problem}.")
    replaced = {row[0] for row in own_rows}
    kept = [row for row in rows if row[0] not in replaced]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *kept, *own_rows])
    return text.getvalue().encode()


def _problem(value: str, column_type: str) -> str | None:
    """What is wrong with a value for a column of that type; None where nothing is, or where it is empty."""
    if not value:
        return None
    if column_type == "date":
        try:
            is_day = date.fromisoformat(value).isoformat() == value
        except ValueError:
            is_day = False
        return None if is_day else "where a day as YYYY-MM-DD must stand"
    if column_type == "double precision":
        return None if NUMBER.fullmatch(value) else "where a number must stand"
    sized = re.fullmatch(r"decimal\((\d+), (\d+)\)", column_type)
    if column_type != "integer" and not sized:
        return None
    digits, places = (9, 0) if column_type == "integer" else (int(sized[1]) - int(sized[2]), int(sized[2]))
    if not re.fullmatch(rf"[+-]?[0-9]{{1,{digits}}}([.][0-9]{{0,{places}}}0*)?", value, re.ASCII):
        return f"where a number with at most {digits} digits and {places} decimal places must stand"
    return None


def _read(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Header, rows and the rows' line numbers of a CSV file.

    Space around a value is dropped, since nobody sees it; empty rows likewise, and what `cell` put before a formula.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, [from_cell(value.strip()).strip() for value in row]) for row in reader]
    except (csv.Error, UnicodeDecodeError) as error:
        raise BuildError(f"{path} cannot be read as CSV in UTF-8: {error}.") from error
    lines = [(number, row) for number, row in lines if any(row)]
    if not lines:
        raise BuildError(f"{path} is empty: give at least the line with the names of the columns.")
    columns = lines[0][1]
    for number, row in lines[1:]:
        if len(row) != len(columns):
            counts = f"{len(row)} values for {len(columns)} columns"
            raise BuildError(f"{path}, line {number}: {counts}. Put a value that has a comma in quotes.")
    return columns, [row for _, row in lines[1:]], [number for number, _ in lines[1:]]
