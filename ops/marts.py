"""What commands that propose a settings file share: they read the published marts, print the file and write nothing.

What is printed on stdout is the whole file to save; what to know about it is on stderr.
"""

import csv
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb

from ops.messages import BuildError, cell, plain
from ops.publish import SEALED, Warehouse


def print_file(folder: Path, make: Callable[[duckdb.DuckDBPyConnection], tuple[list[list[str]], str]]) -> int:
    """Prints the rows and the notes that `make` gives for the marts published in `folder`, and returns the exit code.

    0: printed; 1: refused, with a sentence, where `make` raises BuildError or the marts cannot be read.
    """
    try:
        with open_marts(folder) as marts:
            rows, notes = make(marts)
    except BuildError as error:
        print(plain(str(error)), file=sys.stderr)
        return 1
    except duckdb.Error as error:
        reason = plain(str(error).splitlines()[0])
        print(f"The marts cannot be read; build once more. DuckDB says: {reason}", file=sys.stderr)
        return 1
    print(plain(notes, 20000), file=sys.stderr)
    csv.writer(sys.stdout, lineterminator="\n").writerows([cell(text) for text in row] for row in rows)
    return 0


def open_marts(folder: Path, writes_to: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A connection that reads the marts published in `folder`, and may write files to the folder `writes_to` alone.

    Raises BuildError where there are none.
    """
    warehouse = Warehouse(folder)
    if warehouse.published() is None:
        raise BuildError(f"No marts have been published in {warehouse.folder}: build first.")
    if writes_to is None:
        return duckdb.connect(str(warehouse.link), read_only=True, config=SEALED)
    # DuckDB takes the list only while it runs.
    connection = duckdb.connect(str(warehouse.link), read_only=True)
    spill = str(writes_to / "spill").replace("'", "''")
    allowed = str(writes_to).replace("'", "''")
    connection.execute(f"set temp_directory = '{spill}'; set allowed_directories = ['{allowed}']")
    for name, value in SEALED.items():
        connection.execute(f"set {name} = {value}")
    return connection


def plain_number(number: Decimal) -> str:
    """The number without the zeros that its type adds, and never with an exponent."""
    return f"{number.normalize():f}"
