"""Writes the published marts to files that other programs open: `python -m ops.export --warehouse DIR --format FORMAT`.

One file per mart (parquet, csv or xlsx), all of one published version, and `export.json`, which says which. The folder
is replaced once everything is written; until then, and where anything fails, what was exported before stays.

Exit codes: 0 written, with a sentence about each mart that has not all of its rows there; 1 nothing was written, with a
sentence; 2 wrong usage.
"""

import argparse
import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import duckdb

from ops.marts import open_marts
from ops.messages import FORMULA, BuildError, DoesNotFit, plain
from ops.publish import SCHEMAS, Warehouse, sync

FORMATS = ("parquet", "csv", "xlsx")
CONTENTS = "export.json"
# Rows by customer and day, times event type or effect: views, whose rows of all days are far more than the file holds.
OF_NEWEST_DATE = {"fct_engagement_contributions", "fct_engagement_changes"}
# By customer and day: files for programs, but beyond a sheet from some two thousand customers and a year on.
OF_NEWEST_DATE_IN_SHEETS = OF_NEWEST_DATE | {"fct_engagement_scores", "engagement_trends"}
# Types that are written as they are; all others are text.
NOT_TEXT = ("BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "TIMESTAMP", "TINYINT", "SMALLINT", "INTEGER", "BIGINT")
NOT_TEXT += ("HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
FETCHED = 10_000


@dataclass(frozen=True)
class Exported:
    """What became of one mart: rows in its file (None where there is none), and why these are not all."""

    table: str
    rows: int | None
    note: str | None = None


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m ops.export", description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True, help="folder in which the marts are published")
    parser.add_argument("--format", type=_a_format, default="parquet", help="parquet, csv or xlsx")
    parser.add_argument("--out", type=Path, help="folder that is made or replaced; `export` in the warehouse if absent")
    parser.add_argument("--all-dates", action="store_true", help="all score dates also of what has the newest only")
    options = parser.parse_args(arguments)
    out = Path(os.path.abspath(options.out or Warehouse(options.warehouse).exported))
    try:
        found = export(options.warehouse, out, options.format, options.all_dates)
    except BuildError as error:
        print(plain(f"Nothing was exported. {error}"), file=sys.stderr)
        return 1
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        print(plain(f"Nothing was exported; {out} is as it was. DuckDB says: {reason}"), file=sys.stderr)
        return 1
    except OSError as error:
        print(plain(f"Nothing was exported; {out} is as it was. {_reason(error)}"), file=sys.stderr)
        return 1
    for table in found:
        if table.note:
            print(plain(f"{table.table}: {table.note}"))
    written = [table.rows for table in found if table.rows is not None]
    print(plain(f"Exported {len(written)} marts, {sum(written):,} rows, to {out} as {options.format}."))
    return 0


def export(folder: Path, out: Path, file_format: str, all_dates: bool = False) -> list[Exported]:
    """Writes the marts published in `folder` to the folder `out`, and says what became of each.

    Raises BuildError where nothing is published, `out` holds anything but a former export, or somebody else writes it;
    duckdb.Error and OSError where the marts cannot be read or files not be written. `out` is then as it was.
    """
    if file_format == "xlsx" and not find_spec("xlsxwriter"):
        raise BuildError("Excel files need the package XlsxWriter: make export FORMAT=xlsx installs it.")
    with open_marts(folder, writes_to=_part(out)) as marts, _replacing(out) as part:
        (build_id, as_of_date) = marts.execute("select build_id, as_of_date from row_reconciliation limit 1").fetchone()
        narrow = set() if all_dates else OF_NEWEST_DATE_IN_SHEETS if file_format == "xlsx" else OF_NEWEST_DATE
        found = [_export(marts, table, part, file_format, as_of_date, narrow) for table in _tables(marts)]
        contents = {"build_id": build_id, "as_of_date": str(as_of_date), "format": file_format}
        contents["tables"] = [asdict(table) for table in found]
        (part / CONTENTS).write_text(json.dumps(contents, indent=1) + "\n", encoding="utf-8")
    return found


def _export(
    marts: duckdb.DuckDBPyConnection, table: str, part: Path, file_format: str, as_of_date: date, narrow: set[str]
) -> Exported:
    where, note = "", None
    if table in narrow:
        where = f"where score_date = date '{as_of_date}'"
        note = f"only the rows of {as_of_date}, the newest score date. ALL_DATES=1 exports all."
    file = part / f"{table}.{file_format}"
    columns = _columns(marts, table)
    try:
        if file_format == "xlsx":
            return Exported(table, _write_sheet(marts, table, columns, where, file, as_of_date), note)
        shown = "*" if file_format == "parquet" else ", ".join(_csv_column(*column) for column in columns)
        how = "format parquet, compression zstd" if file_format == "parquet" else "format csv, header"
        (rows,) = marts.execute(
            f"""copy (select {shown} from main."{table}" {where}) to {_text(file)} ({how})"""
        ).fetchone()
        return Exported(table, rows, note)
    except DoesNotFit as error:
        file.unlink(missing_ok=True)
        return Exported(table, None, f"left out, since {error}. FORMAT=parquet and FORMAT=csv have no such limit.")


def _tables(marts: duckdb.DuckDBPyConnection) -> list[str]:
    rows = marts.execute(
        "select table_name from information_schema.tables where table_schema = ? order by all", SCHEMAS[:1]
    )
    return [name for (name,) in rows.fetchall()]


def _columns(marts: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, bool]]:
    """The columns of a mart in their order: name, and whether it is text."""
    rows = marts.execute(f'describe main."{table}"').fetchall()
    return [(name, kind.split("(")[0] not in NOT_TEXT) for name, kind, *_ in rows]


def _csv_column(name: str, is_text: bool) -> str:
    """The column as SQL, with an apostrophe before what a spreadsheet would carry out."""
    if not is_text:
        return f'"{name}"'
    text, formula = f'"{name}"::varchar', _text(f"^{FORMULA.pattern}")
    return f"""case when regexp_matches({text}, {formula}) then chr(39) || {text} else {text} end as "{name}" """


def _write_sheet(
    marts: duckdb.DuckDBPyConnection,
    table: str,
    columns: list[tuple[str, bool]],
    where: str,
    file: Path,
    as_of_date: date,
) -> int:
    # Its package is installed for this format alone.
    from ops.sheet import write

    (count,) = marts.execute(f'select count(*) from main."{table}" {where}').fetchone()
    shown = ", ".join(f'"{name}"::varchar' if is_text else f'"{name}"' for name, is_text in columns)
    result = marts.execute(f'select {shown} from main."{table}" {where}')
    fetched = iter(lambda: result.fetchmany(FETCHED), [])
    write(file, table, [name for name, _ in columns], count, (row for rows in fetched for row in rows), as_of_date)
    return count


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """Yields an empty folder, which takes the place of `out` once what is written there is on the disk.

    Raises BuildError where `out` is no export, or somebody else replaces it. A killed export leaves `out` as it was;
    or beside it, where it was killed between the two renames of its end: then the next one puts it back first.
    """
    part, former = _part(out), out.with_name(f".{out.name}.former")
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.with_name(f".{out.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BuildError(f"Another export writes {out}: wait until it has ended.") from error
        if former.is_dir() and not os.path.lexists(out):
            os.rename(former, out)
        if os.path.lexists(out) and not (
            out.is_dir() and not out.is_symlink() and ((out / CONTENTS).is_file() or not any(out.iterdir()))
        ):
            raise BuildError(
                f"{out} is no folder that an export made, and would be lost: move it away, or choose another OUT."
            )
        for leftover in (part, former):
            if leftover.exists():
                shutil.rmtree(leftover)
        part.mkdir()
        try:
            yield part
            for file in part.iterdir():
                sync(file)
            sync(part)
            if out.exists():
                os.rename(out, former)
            try:
                os.rename(part, out)
            except BaseException:
                os.rename(former, out)
                raise
            sync(out.parent)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        shutil.rmtree(former, ignore_errors=True)


def _part(out: Path) -> Path:
    return out.with_name(f".{out.name}.part")


def _text(value: object) -> str:
    """A text as SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def _a_format(text: str) -> str:
    if text not in FORMATS:
        raise argparse.ArgumentTypeError(f"{plain(text)!r} is no format of an export: choose {', '.join(FORMATS)}")
    return text


def _reason(error: OSError) -> str:
    return f"{error.filename2 or error.filename or 'A file'} cannot be written: {error.strerror or error}."


if __name__ == "__main__":
    sys.exit(main())
