"""Whom a warehouse has erased: a list that names nobody, kept beside the marts, so that it outlives them."""

import hashlib
import json
import os
import secrets
import unicodedata
from collections import Counter
from datetime import UTC, datetime

import duckdb

from ops import journal
from ops.messages import BuildError
from ops.publish import Warehouse, sync

# Stands between the ids of a customer and of a person within it, and in neither.
SEPARATOR = "\x1f"


class Erasures:
    """The requests of one warehouse, each a keyed digest of an id, with when it was asked for and done."""

    def __init__(self, warehouse: Warehouse):
        self.warehouse = warehouse
        self.path = warehouse.folder / "erasures.json"

    def pending(self) -> list[dict]:
        """The requests that no build has carried out yet. Raises BuildError where the list cannot be read."""
        return [request for request in self._read()["requests"] if "done_at" not in request]

    def file(self) -> str:
        """The list's path, empty where nobody was ever erased."""
        return str(self.path) if self.path.exists() else ""

    def add(self, customers: list[str], person: str | None) -> list[str]:
        """Notes that customers, or a person within a customer, are to be erased (again, where they were before).

        What was done before stays noted. Returns the digests of the requests.
        """
        erasures, added = self._read(), []
        for customer in customers:
            text = SEPARATOR.join(_clean(part) for part in (customer, person) if part is not None)
            added.append(hashlib.sha256((erasures["key"] + text).encode()).hexdigest())
        is_open = {request["digest"] for request in erasures["requests"] if "done_at" not in request}
        new = [digest for digest in dict.fromkeys(added) if digest not in is_open]
        erasures["requests"] += [{"digest": digest, "requested_at": _now()} for digest in new]
        self._write(erasures)
        return added

    def finish(self, build_id: str) -> None:
        """Notes that the build has carried out all that was pending, with the rows set aside of each raw table."""
        with duckdb.connect(str(self.warehouse.work_db), read_only=True) as connection:
            found = connection.execute("""
                select request, source_table, cast(sum(row_count) as bigint)
                from raw.erased_rows
                group by all
                order by all
            """).fetchall()
        erasures = self._read()
        for request in erasures["requests"]:
            if "done_at" not in request:
                rows = {table: count for digest, table, count in found if digest == request["digest"]}
                request |= {"done_at": _now(), "build_id": build_id, "rows": rows}
        self._write(erasures)

    def rows(self, digests: list[str]) -> dict[str, int] | None:
        """How many rows of each raw table the latest requests set aside; None unless all are carried out."""
        latest = {request["digest"]: request for request in self._read()["requests"]}
        requests = [latest[digest] for digest in set(digests)]
        if not all("done_at" in request for request in requests):
            return None
        total = Counter()
        for request in requests:
            total.update(request["rows"])
        return dict(total)

    def _read(self) -> dict:
        if not self.path.exists():
            tables = [entry.get("tables") or {} for entry in journal.read(self.warehouse.journal)]
            if any(counts.get("erased") for counted in tables for counts in counted.values()):
                raise BuildError(
                    f"{self.path} is gone. It says who was erased, and former builds set rows aside by it: without it "
                    "they would come back. Put it back from a backup. If there is none, move "
                    f"{self.warehouse.journal} away and erase all of them again before anything else is built."
                )
            return {"key": secrets.token_hex(32), "requests": []}
        try:
            erasures = json.loads(self.path.read_text(encoding="utf-8"))
            if all(isinstance(request["digest"], str) for request in erasures["requests"]) and erasures["key"]:
                return erasures
            problem = "a part of it is missing"
        except (ValueError, TypeError, KeyError) as error:
            problem = f"{type(error).__name__}: {error}"
        raise BuildError(
            f"{self.path} cannot be read ({problem}). It says who was erased, and without it they would come back: put "
            "it back from a backup."
        )

    def _write(self, erasures: dict) -> None:
        new = self.path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(erasures, file, indent=1)
        sync(new)
        os.replace(new, self.path)
        sync(self.path.parent)


def _clean(text: str) -> str:
    """The id as the macro clean_text makes it of a raw one."""
    return unicodedata.normalize("NFC", text).strip(" \t\n\r\u00a0")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
