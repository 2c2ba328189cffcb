"""Writes the report of the published marts, one HTML file: `python -m report --warehouse DIR --out FILE`.

Exit codes: 0 written; 1 not written, with a sentence; 2 wrong usage.
"""

import argparse
import os
import sys
from pathlib import Path

import duckdb

from ops.marts import open_marts
from ops.messages import BuildError, plain
from ops.publish import Warehouse
from report.data import read
from report.page import page


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m report", description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True, help="folder in which the marts are published")
    parser.add_argument("--out", type=Path, help="file to write or replace; `report.html` in the warehouse if absent")
    options = parser.parse_args(arguments)
    out = options.out or Warehouse(options.warehouse).report
    try:
        with open_marts(options.warehouse) as marts:
            html = page(read(marts))
        # Renamed when whole: who has the page open never sees half of one.
        part = out.with_name(f".{out.name}.part")
        part.write_text(html, encoding="utf-8")
        os.replace(part, out)
    except BuildError as error:
        print(plain(str(error)), file=sys.stderr)
        return 1
    except duckdb.Error as error:
        print(
            plain(f"The marts cannot be read; build once more. DuckDB says: {str(error).splitlines()[0]}"),
            file=sys.stderr,
        )
        return 1
    except OSError as error:
        print(plain(f"{error.filename or out} cannot be written: {error.strerror or error}."), file=sys.stderr)
        return 1
    print(plain(f"Written {out} ({out.stat().st_size / 1e6:.1f} MB): open it in a browser."))
    return 0


if __name__ == "__main__":
    sys.exit(main())
