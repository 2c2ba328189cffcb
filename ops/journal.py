"""The journal of a warehouse, `builds.jsonl`: what monitoring reads. One line per build and per rollback, oldest first.

It holds counts, names of tables and sentences, and no data of persons.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One line; `docs/operations.md` describes the fields, which stand in the file in this order."""

    build_id: str
    started_at: str
    result: str
    exit_code: int
    raw: str | None = None
    as_of_date: str | None = None
    tables: dict[str, dict[str, int]] | None = None
    rejected: int | None = None
    rows: dict[str, int] | None = None
    warnings: int | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    message: str | None = None


def append(path: Path, entry: Entry) -> None:
    """Adds a line to the journal at `path`, which anybody may read. May raise OSError."""
    is_new = not path.exists()
    with path.open("ab+") as journal:
        if is_new:
            path.chmod(0o644)
        # A full disk may have cut the last line short: what follows must not be lost with it.
        if journal.tell() and os.pread(journal.fileno(), 1, journal.tell() - 1) != b"\n":
            journal.write(b"\n")
        journal.write(json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n")


def read(path: Path) -> list[dict]:
    """The lines that can be read; those that an older version wrote may lack fields. Empty where there is no file."""
    if not path.is_file():
        return []
    entries = []
    for line in path.read_bytes().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            entries.append(entry)
    return entries
