"""What `make export` writes: all rows of one version, no formula, and the former export where anything fails."""

import csv
import json
import os
import signal
import subprocess
import sys
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest
from real_data import REPOSITORY

from ops import export, sheet
from ops.messages import from_cell
from ops.publish import Warehouse

FIRST, SECOND = "20250701T000000Z-000000", "20250702T000000Z-000000"
FORMULAS = ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''-1"]
TEXTS = [*FORMULAS, "a,b", 'a "quote"', "two\nlines", "a\rb", "'quoted'", "-", "Zoé Ștefan", " =1", "", "1"]
NEWEST = date(2025, 6, 30)


def publish(folder: Path, build_id: str, texts: list[str], views: str = "") -> Warehouse:
    """A warehouse of three marts, as a build leaves it."""
    warehouse = Warehouse(folder)
    warehouse.prepare()
    with duckdb.connect(str(warehouse.building)) as marts:
        marts.execute(f"create temp table stamp as select '{build_id}' as build_id, date '{NEWEST}' as as_of_date")
        marts.execute("""
            create table row_reconciliation as select 'events' as source_table, * from stamp;
            create schema main_history;
            create table main_history.private as select 1 as not_for_readers;
            create table dim_customers (
                customer_name varchar, place integer, points decimal(18, 6), share double, is_there boolean,
                first_day date, seen_at timestamp, build_id varchar, as_of_date date
            );
            create table fct_engagement_contributions as
                select 'c' as customer_id, day::date as score_date, -2 as points, stamp.*
                from generate_series(date '2025-06-01', date '2025-06-30', interval 1 day) as days (day), stamp;
        """)
        for place, text in enumerate(texts):
            values = [
                text,
                place,
                Decimal("-12345.678901"),
                -0.1,
                True,
                date(2024, 2, 29),
                datetime(2025, 1, 2, 3, 4, 5),
            ]
            marts.execute("insert into dim_customers select ?, ?, ?, ?, ?, ?, ?, * from stamp", values)
        marts.execute("insert into dim_customers (place, build_id, as_of_date) select -1, * from stamp")
        marts.execute("drop table stamp")
        if views:
            marts.execute(views)
    warehouse.publish(build_id)
    return warehouse


@pytest.fixture
def warehouse(tmp_path) -> Warehouse:
    return publish(tmp_path / "a 'quoted' warehouse", FIRST, TEXTS)


def run(warehouse: Warehouse, file_format: str, *options: object) -> int:
    return export.main(["--warehouse", str(warehouse.folder), "--format", file_format, *map(str, options)])


def tree(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def left_beside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.glob(f".{folder.name}.*") if path.suffix != ".lock")


def cells(file: Path) -> tuple[str, list[dict[str, tuple[str, str, str]]]]:
    """The name of a workbook's only sheet, and of each row the cells by column: type, style and text."""
    space = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(file) as book:
        sheets = ElementTree.fromstring(book.read("xl/workbook.xml")).findall("x:sheets/x:sheet", space)
        found = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert len(sheets) == 1
    assert not found.findall(".//x:f", space) and not found.findall(".//x:hyperlink", space)
    rows = [
        {
            cell.get("r").rstrip("0123456789"): (cell.get("t"), cell.get("s"), "".join(cell.itertext()))
            for cell in row.findall("x:c", space)
        }
        for row in found.findall("x:sheetData/x:row", space)
    ]
    return sheets[0].get("name"), rows


def test_parquet_has_every_row_and_type_of_every_mart(demo, build, tmp_path):
    marts = build(demo).warehouse
    found = export.export(marts, tmp_path / "out", "parquet")
    with duckdb.connect(str(marts / "customer_scores.duckdb"), read_only=True) as connection:
        tables = connection.sql("select table_name from information_schema.tables where table_schema = 'main'")
        assert {name for (name,) in tables.fetchall()} == {table.table for table in found}
        assert {table.table for table in found if table.note} == export.OF_NEWEST_DATE
        assert {table.table for table in found} >= export.OF_NEWEST_DATE_IN_SHEETS
        for table in found:
            where = "where score_date = as_of_date" if table.note else ""
            own, file = f"from {table.table} {where}", f"from '{tmp_path}/out/{table.table}.parquet'"
            assert connection.sql(f"describe {own}").fetchall() == connection.sql(f"describe {file}").fetchall()
            # Rows as often as they are there, in both directions.
            assert connection.sql(f"({own} except all {file}) union all ({file} except all {own})").fetchall() == []
            assert table.rows == connection.sql(f"select count(*) {own}").fetchall()[0][0]
        assert next(table.rows for table in found if table.table == "fct_engagement_contributions") > 1000


def test_csv_holds_no_formula_and_all_that_the_mart_has(warehouse):
    assert run(warehouse, "csv") == 0
    with (warehouse.exported / "dim_customers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [row["customer_name"] for row in rows]
    assert names[:-1] == ["'" + text if text in FORMULAS or text == "-" else text for text in TEXTS]
    assert [from_cell(name) for name in names[:-1]] == TEXTS
    assert rows[-1]["customer_name"] == rows[-1]["points"] == ""
    assert [rows[0][name] for name in ("place", "points", "share", "is_there", "first_day", "seen_at")] == [
        *("0", "-12345.678901", "-0.1", "true", "2024-02-29", "2025-01-02 03:04:05")
    ]


def test_sheets_hold_text_as_text_and_numbers_as_numbers(warehouse):
    assert run(warehouse, "xlsx") == 0
    name, (header, *rows) = cells(warehouse.exported / "dim_customers.xlsx")
    assert name == "dim_customers"
    assert [text for *_, text in header.values()][:3] == ["customer_name", "place", "points"]
    by_text = {text: row["A"] for text, row in zip(TEXTS, rows, strict=False) if text}
    for text, (kind, style, shown) in by_text.items():
        # XML has no way to say \r but its number, which Excel reads as that.
        assert (kind, shown.replace("_x000D_", "\r")) == ("inlineStr", text)
        assert (style is not None) == (text in FORMULAS or text == "-")
    (quoted,) = {style for text, (_, style, _) in by_text.items() if text in FORMULAS}
    with zipfile.ZipFile(warehouse.exported / "dim_customers.xlsx") as book:
        styles = ElementTree.fromstring(book.read("xl/styles.xml"))
        # Not the time of the export, so that the same marts make the same file.
        assert "2025-06-30T00:00:00Z" in book.read("docProps/core.xml").decode()
    (formats,) = [part for part in styles if part.tag.endswith("cellXfs")]
    assert formats[int(quoted)].get("quotePrefix") == "1"
    kinds = [(rows[1][place][0], rows[1][place][2]) for place in "BCDEFG"]
    assert kinds[:4] == [(None, "1"), (None, "-12345.678901"), (None, "-0.1"), ("b", "1")]
    # Days since 1899-12-30.
    assert kinds[4] == (None, "45351") and float(kinds[5][1]) == pytest.approx(45659.127835648)
    assert set(rows[-1]) == {"B", "H", "I"}  # a null is no cell


@pytest.mark.parametrize("file_format", export.FORMATS)
def test_receipts_are_those_of_the_newest_date_unless_all_are_asked_for(warehouse, capsys, file_format):
    assert run(warehouse, file_format) == 0
    assert "fct_engagement_contributions: only the rows of 2025-06-30" in capsys.readouterr().out
    contents = json.loads((warehouse.exported / "export.json").read_text())
    rows = {table["table"]: (table["rows"], table["note"]) for table in contents["tables"]}
    assert rows["fct_engagement_contributions"][0] == 1
    assert rows["dim_customers"] == (len(TEXTS) + 1, None)
    assert "private" not in rows
    assert (contents["build_id"], contents["as_of_date"]) == (FIRST, "2025-06-30")
    assert run(warehouse, file_format, "--all-dates") == 0
    assert "only the rows" not in capsys.readouterr().out
    contents = json.loads((warehouse.exported / "export.json").read_text())
    assert {table["table"]: table["rows"] for table in contents["tables"]}["fct_engagement_contributions"] == 30


def test_what_a_sheet_cannot_hold_is_left_out_with_a_sentence(tmp_path, monkeypatch, capsys):
    fits, does_not = "é" * sheet.CELL_CHARACTERS, "\U0001f600" * (sheet.CELL_CHARACTERS // 2 + 1)
    long_name = "a_mart_whose_name_has_more_than_31_characters"
    warehouse = publish(
        tmp_path / "w",
        FIRST,
        [fits],
        f"create table comments as select '{does_not}' as comment; create table {long_name} as select 1 as one",
    )
    monkeypatch.setattr(sheet, "ROWS", 30)
    assert run(warehouse, "xlsx", "--all-dates") == 0
    shown = capsys.readouterr().out
    assert (
        "fct_engagement_contributions: left out, since it has 30 rows, and a sheet of Excel 30 with its header" in shown
    )
    assert "comments: left out, since comment has a text of 16,384 characters, and a cell holds 32,767" in shown
    expected = {"dim_customers.xlsx", f"{long_name}.xlsx", "row_reconciliation.xlsx", "export.json"}
    assert set(tree(warehouse.exported)) == expected
    assert cells(warehouse.exported / "dim_customers.xlsx")[1][1]["A"][2] == fits
    assert cells(warehouse.exported / f"{long_name}.xlsx")[0] == long_name[:31]


def test_an_export_of_the_same_marts_is_the_same(warehouse, tmp_path):
    for file_format in export.FORMATS:
        assert run(warehouse, file_format, "--out", tmp_path / "one") == 0
        assert run(warehouse, file_format, "--out", tmp_path / "two") == 0
        assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_a_format_that_is_none_is_named_in_a_sentence(warehouse, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(warehouse, "ods")
    assert stopped.value.code == 2
    assert "'ods' is no format of an export: choose parquet, csv, xlsx" in capsys.readouterr().err


def test_without_marts_or_the_package_for_sheets_nothing_is_made(tmp_path, monkeypatch, capsys):
    assert run(Warehouse(tmp_path / "none"), "csv") == 1
    assert "Nothing was exported. No marts have been published in" in capsys.readouterr().err
    monkeypatch.setattr(export, "find_spec", lambda _: None)
    assert run(Warehouse(tmp_path / "none"), "xlsx") == 1
    assert "make export FORMAT=xlsx installs it" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file_format", export.FORMATS)
def test_an_export_that_fails_leaves_the_former_one(tmp_path, file_format, capsys):
    warehouse = publish(tmp_path / "w", FIRST, ["a"])
    assert run(warehouse, file_format) == 0
    before = tree(warehouse.exported)
    # The last mart fails while it is read.
    publish(warehouse.folder, SECOND, ["b"], "create view z as select error('no such thing') as value")
    capsys.readouterr()
    assert run(warehouse, file_format) == 1
    assert f"{warehouse.exported} is as it was. DuckDB says:" in capsys.readouterr().err
    assert tree(warehouse.exported) == before
    assert left_beside(warehouse.exported) == []


def test_a_folder_that_cannot_be_put_in_place_leaves_the_former_one(warehouse, monkeypatch, capsys):
    assert run(warehouse, "csv") == 0
    before, rename = tree(warehouse.exported), os.rename

    def fails(source: Path, target: Path) -> None:
        if Path(source).suffix == ".part":
            raise OSError(28, "No space left on device", str(target))
        rename(source, target)

    monkeypatch.setattr(os, "rename", fails)
    assert run(warehouse, "parquet") == 1
    assert "No space left on device" in capsys.readouterr().err
    assert tree(warehouse.exported) == before


KILLED = """
import os, signal, sys
from ops import export
wait, rename = sys.argv.pop(1), os.rename
if wait == "renames":
    def once(source, target):
        rename(source, target)
        os.kill(os.getpid(), signal.SIGKILL)
    os.rename = once
else:
    own = export._export
    def dies(marts, table, *rest):
        if table == "row_reconciliation":
            os.kill(os.getpid(), signal.SIGKILL)
        return own(marts, table, *rest)
    export._export = dies
export.main(sys.argv[1:])
"""


@pytest.mark.parametrize("when", ["mart", "renames"])
def test_an_export_that_is_killed_loses_nothing(warehouse, when, capsys):
    assert run(warehouse, "csv") == 0
    before = tree(warehouse.exported)
    command = [sys.executable, "-c", KILLED, when, "--warehouse", warehouse.folder, "--format", "parquet"]
    done = subprocess.run(command, cwd=REPOSITORY, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    # Killed between two renames, the former one is beside its place, until the next export.
    place = warehouse.exported if when == "mart" else warehouse.exported.with_name(".export.former")
    assert tree(place) == before
    assert left_beside(warehouse.exported) != []
    with pytest.raises(SystemExit):
        run(warehouse, "ods")
    failing = publish(warehouse.folder, SECOND, ["b"], "create view z as select error('no such thing') as value")
    assert run(failing, "csv") == 1
    assert tree(warehouse.exported) == before
    assert left_beside(warehouse.exported) == []


def test_a_folder_of_somebody_else_is_not_replaced(warehouse, tmp_path, capsys):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    assert run(warehouse, "csv", "--out", theirs) == 0  # an empty one is
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    (tmp_path / "link").symlink_to(theirs)
    for out in ("mine", "link", "mine/letter.txt"):
        assert run(warehouse, "csv", "--out", tmp_path / out) == 1
        assert "is no folder that an export made" in capsys.readouterr().err
    assert tree(tmp_path / "mine") == {"letter.txt": b"dear"} | {".letter.txt.lock": b""}


def test_only_one_export_writes_a_folder(warehouse, capsys):
    with export._replacing(warehouse.exported):
        assert run(warehouse, "csv") == 1
    assert "Another export writes" in capsys.readouterr().err


def test_an_export_is_of_one_version_while_the_link_moves(tmp_path, monkeypatch):
    warehouse = publish(tmp_path / "w", FIRST, ["first"])
    own = export._export

    def moves(marts: duckdb.DuckDBPyConnection, table: str, *rest: object) -> export.Exported:
        if table == "fct_engagement_contributions":
            publish(warehouse.folder, SECOND, ["second"])
            warehouse.sweep(keep=0)  # and the file itself goes
        return own(marts, table, *rest)

    monkeypatch.setattr(export, "_export", moves)
    assert run(warehouse, "csv") == 0
    assert warehouse.published().parent.name == SECOND and warehouse.kept() == [SECOND]
    for file in warehouse.exported.glob("*.csv"):
        with file.open(newline="") as opened:
            assert {row["build_id"] for row in csv.DictReader(opened)} == {FIRST}, file.name


def test_a_mart_reads_no_file_and_an_export_writes_nowhere_else(tmp_path, capsys):
    (tmp_path / "secret").write_text("secret")
    reads = f"create view z as select content from read_text('{tmp_path / 'secret'}')"
    warehouse = publish(tmp_path / "w", FIRST, ["a"], reads)
    assert run(warehouse, "csv") == 1
    assert "Cannot access file" in capsys.readouterr().err
    with export.open_marts(warehouse.folder, writes_to=tmp_path / "in") as marts:
        for statement in (f"copy (select 1) to '{tmp_path / 'out.csv'}'", "set allowed_directories = ['/']"):
            with pytest.raises(duckdb.Error, match="Cannot (access file|change)"):
                marts.execute(statement)


def test_erasing_takes_the_export_along(warehouse):
    assert run(warehouse, "csv") == 0
    warehouse.forget()
    assert not warehouse.exported.exists() and left_beside(warehouse.exported) == []
    assert warehouse.published() is not None
