"""What the three examples share: arguments, the sentence for a missing file, and the raw folder."""

import argparse
import shutil
import sys
from pathlib import Path

import duckdb

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


def write_raw_folder(
    example: Path, file: str, where_to_find: str, source: str, tables: dict[str, str], data: Path = SHARED_DATA
) -> None:
    """Read one public data file and write the raw folder that `make build RAW=...` takes.

    example: the example's own folder; its `settings/` is copied into the raw folder.
    file: name of the data file in the folder that `--data` names (default: `data`).
    where_to_find: sentence that says where the public finds the file and under which licence.
    source: query that reads the file, with its path as the parameter $1; its result is the table `source`.
    tables: for each raw table (events, survey_answers, customers) a query over `source`.

    Ends the program with a sentence and exit code 1 if the file is missing or is not the one that the example maps,
    or if the raw folder cannot be written.
    """
    parser = argparse.ArgumentParser(description=f"Map {file} to raw tables.")
    raw = REPOSITORY / "data" / "examples" / example.name
    parser.add_argument("--data", type=Path, default=data, help=f"folder that holds {file} (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=raw, help="raw folder to write (default: %(default)s)")
    arguments = parser.parse_args()
    path = arguments.data / file
    if not path.is_file():
        sys.exit(f"{path} is not there. {where_to_find}")

    with duckdb.connect() as connection:
        # All tables are made before any is written: a file that does not fit leaves no half a raw folder.
        try:
            connection.execute(f"create table source as {source}", [str(path)])
            for table, query in tables.items():
                connection.execute(f"create table {table} as {query}")
        except duckdb.Error as error:
            sys.exit(f"{path} is not the file that this example maps: {str(error).splitlines()[0]}")
        try:
            arguments.out.mkdir(parents=True, exist_ok=True)
            for table in tables:
                rows = connection.table(table)
                rows.write_parquet(str(arguments.out / f"{table}.parquet"))
                print(f"{table}: {len(rows):,} rows")
            shutil.copytree(example / "settings", arguments.out / "settings", dirs_exist_ok=True)
        except (OSError, duckdb.Error) as error:
            sys.exit(f"{arguments.out} cannot be written: {error}")
    print(f"Written to {arguments.out}. Next: make build RAW={arguments.out} WAREHOUSE=warehouse/{example.name}")
