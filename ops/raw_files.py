"""The files of a raw folder, for what loads them into a server: text in the dialect of macros/raw_contract.sql."""

from pathlib import Path

TABLES = ("events", "survey_answers", "customers")
CSV = (
    "all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"', comment = '', skip = 0, "
    "strict_mode = true, union_by_name = true, hive_partitioning = false, max_line_size = 33554432"
)
READERS = {
    ".csv": f"read_csv([{{files}}], {CSV})",
    ".parquet": "read_parquet([{files}], union_by_name = true, hive_partitioning = false)",
}


def sources(raw: Path) -> dict[str, str]:
    """What DuckDB selects from to read each raw table that the folder has.

    A table is `events.csv`, several files such as `events_2025.csv`, or a folder `events`; likewise as Parquet. Raises
    FileNotFoundError where there is none of them.
    """
    found = {table: source for table in TABLES if (source := _source(raw, table))}
    if not found:
        raise FileNotFoundError("it has no events, survey_answers or customers as .csv or .parquet")
    return found


def _source(raw: Path, table: str) -> str | None:
    for suffix, reader in READERS.items():
        files = sorted({*raw.glob(f"{table}*{suffix}"), *raw.glob(f"{table}/**/*{suffix}")})
        if files:
            return reader.format(files=", ".join("'" + str(file).replace("'", "''") + "'" for file in files))
    return None
