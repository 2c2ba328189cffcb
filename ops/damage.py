"""Says which databases are damaged and sets them aside: all that a build keeps can be made anew from the raw folder."""

import re
import shlex
from pathlib import Path

import duckdb

from ops.messages import plain
from ops.publish import Warehouse, checksums

# DuckDB has no exception of its own for a file that is cut short, or a block or a log that is not what was written.
DAMAGE = re.compile(
    "corrupt|not a valid DuckDB database|could not read enough bytes|while replaying WAL", re.IGNORECASE
)


def find_damage(database: Path) -> str | None:
    """What DuckDB says of a damaged database, which is read to its last block; None where it is whole or absent."""
    if not database.is_file():
        return None
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            tables = connection.execute("""
                select schema_name, table_name, list(column_name order by column_index)
                from duckdb_tables() join duckdb_columns() using (database_name, schema_name, table_name)
                where database_name = current_database() group by all
            """).fetchall()
            for schema, table, columns in tables:
                connection.execute(f'select {checksums(columns)} from "{schema}"."{table}"').fetchall()
    except duckdb.Error as error:
        found = plain(str(error).splitlines()[0])
        return found if DAMAGE.search(found) else None
    return None


def set_aside(warehouse: Warehouse, folder: Path) -> bool:
    """Prints what is damaged of all that a build starts from, and moves a damaged work database into `folder`.

    Returns whether something is, so that everything has to be built anew. What readers open stays where it is.
    """
    of_work = find_damage(warehouse.work_db)
    if of_work:
        folder.mkdir(parents=True, exist_ok=True)
        for file in warehouse.work.glob(f"{warehouse.work_db.name}*"):
            file.rename(folder / f"damaged_{file.name}")
        kept = folder / f"damaged_{warehouse.work_db.name}"
        print(f"The work database is damaged ({of_work}). It is set aside as {kept}, and everything is built anew.")
    published = warehouse.published()
    of_marts = published and find_damage(published)
    if of_marts:
        print(
            f"The published marts are damaged ({of_marts}). Everything is built anew; until that is published, "
            f"queries that read what is damaged fail. {_way_back(warehouse, published.parent.name)}"
        )
    return bool(of_work or of_marts)


def _way_back(warehouse: Warehouse, damaged: str) -> str:
    others = (build_id for build_id in warehouse.kept() if build_id != damaged)
    whole = next((build_id for build_id in others if not find_damage(warehouse.version(build_id))), None)
    if whole is None:
        return "There is no other version to go back to."
    folder = shlex.quote(str(warehouse.folder))
    return f"The version {whole} is whole: `make rollback WAREHOUSE={folder} VERSION={whole}` shows it to readers."
