"""Writes a table as an Excel workbook of one sheet, row by row. Needs XlsxWriter, the extra `xlsx`."""

from collections.abc import Iterable
from datetime import date, datetime
from math import isfinite
from pathlib import Path

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError, FileSizeError

from ops.messages import FORMULA, DoesNotFit

# What Excel takes. A header is a row too.
ROWS, NAME_CHARACTERS, CELL_CHARACTERS = 1_048_576, 31, 32_767
# Excel takes 1900 for a leap year.
FIRST_DAY = date(1900, 3, 1)


def write(file: Path, name: str, columns: list[str], count: int, rows: Iterable[tuple], created: date) -> None:
    """Writes `count` rows of texts, numbers, truth values, days and times (without zone) under a header.

    Text is never a formula, nor becomes one when somebody edits its cell. Numbers have Excel's fifteen digits, times
    are shown to the second. Raises DoesNotFit where Excel could not hold it all: what is in `file` then is of no use.
    """
    if count >= ROWS:
        raise DoesNotFit(f"it has {count:,} rows, and a sheet of Excel {ROWS:,} with its header")
    # A row leaves memory once the next has begun, and waits beside the file for it to be put together.
    workbook = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": str(file.parent)})
    # Else files of the same table would differ.
    workbook.set_properties({"created": datetime.combine(created, datetime.min.time())})
    formats = {
        "header": workbook.add_format({"bold": True}),
        "day": workbook.add_format({"num_format": "yyyy-mm-dd"}),
        "time": workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        "text": workbook.add_format({"quote_prefix": True}),
    }
    sheet = workbook.add_worksheet(name[:NAME_CHARACTERS])
    sheet.freeze_panes(1, 0)
    try:
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column, formats["header"])
        for number, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                _write(sheet, formats, number, place, value, columns[place])
    finally:
        try:
            # Also where it failed, since that removes what waits beside the file.
            workbook.close()
        except FileSizeError as error:
            raise DoesNotFit("its sheet would take more than 4 GB") from error
        except FileCreateError as error:
            raise error.args[0] from error


def _write(
    sheet: xlsxwriter.worksheet.Worksheet, formats: dict, row: int, place: int, value: object, column: str
) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, datetime) and value.date() >= FIRST_DAY:
        sheet.write_datetime(row, place, value, formats["time"])
    elif isinstance(value, date) and not isinstance(value, datetime) and value >= FIRST_DAY:
        sheet.write_datetime(row, place, value, formats["day"])
    elif isinstance(value, str | date) or not isfinite(value):
        text = str(value)
        if len(text.encode("utf-16-le")) > 2 * CELL_CHARACTERS:
            raise DoesNotFit(f"{column} has a text of {len(text):,} characters, and a cell holds {CELL_CHARACTERS:,}")
        sheet.write_string(row, place, text, formats["text"] if FORMULA.match(text) else None)
    else:
        sheet.write_number(row, place, value)
