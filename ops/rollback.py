"""Shows readers a version that was kept: `python -m ops.rollback --warehouse DIR [--version BUILD_ID | --list]`.

Without a version it is the one built before what readers see now. Exit codes: 0 done; 1 there is no such version, or a
request to erase is open; 2 wrong usage; 3 another command holds the lock; 4 the version cannot be read whole, or not be
put in place. Unless it is 0, readers see what they saw before.
"""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from ops import journal
from ops.erasures import Erasures
from ops.journal import Entry
from ops.messages import BuildError
from ops.publish import Warehouse, built_at, check_whole
from ops.report import table


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m ops.rollback", description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True, help="folder of the published marts")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--version", help="id of a build whose version is kept (default: the one before)")
    choice.add_argument("--list", action="store_true", help="list the versions kept, and change nothing")
    options = parser.parse_args(arguments)
    warehouse = Warehouse(options.warehouse)
    try:
        if not warehouse.kept():
            raise BuildError(f"There is nothing to go back to: {warehouse.folder} has no published marts.")
        if options.list:
            print(versions(warehouse))
            return 0
        warehouse.prepare()
        os.umask(0o077)
        with warehouse.locked():
            print(roll_back(warehouse, options.version))
    except (BuildError, OSError) as error:
        print(error, file=sys.stderr)
        return getattr(error, "exit_code", 4)
    return 0


def versions(warehouse: Warehouse) -> str:
    """A table of the versions kept, newest first, with what the journal says of them."""
    built = {entry.get("build_id"): entry for entry in journal.read(warehouse.journal)}
    published = warehouse.published()
    rows = []
    for build_id in warehouse.kept():
        entry = built.get(build_id, {})
        tables = (entry.get("tables") or {}).values()
        raw_rows = sum(count["raw_rows"] for count in tables) if tables else None
        is_seen = "readers see it" if published == warehouse.version(build_id) else ""
        rows.append([build_id, built_at(build_id), entry.get("as_of_date"), raw_rows, entry.get("rejected"), is_seen])
    return table(["version", "built", "as of", "raw rows", "rejected", ""], rows)


def roll_back(warehouse: Warehouse, build_id: str | None = None) -> str:
    """Shows readers the version `build_id`, or the one before; returns what was done. To be called under the lock.

    Raises BuildError (1) where there is no such version or a request to erase is open, and (4) where it cannot be
    read whole.
    """
    now = datetime.now(UTC)
    kept, published = warehouse.kept(), warehouse.published()
    seen = published.parent.name if published else None
    if build_id is None:
        build_id = next((older for older in kept if seen is None or older < seen), None)
        if build_id is None:
            raise BuildError(f"There is no version before {seen}, which readers see.\n{versions(warehouse)}")
    if build_id not in kept:
        raise BuildError(f"There is no version {build_id}. These are kept:\n{versions(warehouse)}")
    if build_id == seen:
        raise BuildError(f"Readers see version {build_id} already: nothing was changed.")
    if Erasures(warehouse).pending():
        raise BuildError(
            "A request to erase is open, and an older version may still show who is to be erased: build first, which "
            "carries it out. Nothing was changed."
        )
    rows, as_of_date = check_whole(warehouse.version(build_id), build_id)
    # What is kept in the work database is of a later build, and it may be of another code than the version: the next
    # build starts from the raw rows.
    warehouse.project_digest.unlink(missing_ok=True)
    warehouse.show(build_id)
    message = f"Readers see version {build_id} now, and no longer {seen or 'a version that is gone'}."
    # By the code that built it: the code of now may count otherwise.
    counted = {figure: warehouse.published_entry().get(figure) for figure in ("tables", "rejected")}
    figures = {"as_of_date": as_of_date and str(as_of_date), "rows": rows, **counted}
    entry = Entry(build_id, now.isoformat(timespec="seconds"), "rolled_back", 0, **figures, message=message)
    try:
        journal.append(warehouse.journal, entry)
    except OSError as error:
        print(f"Warning: {warehouse.journal} could not be written: {error}", file=sys.stderr)
    return (
        f"{message}\nIt was built at {built_at(build_id)} and ends on {as_of_date}. "
        "Connections that are open keep what they opened. The next build makes everything anew and publishes it: mend "
        "what was wrong, or stop the schedule, before it runs."
    )


if __name__ == "__main__":
    sys.exit(main())
