"""What a build prints once its marts are published."""

from decimal import Decimal
from pathlib import Path

import duckdb

from ops.explain import Problem
from ops.messages import plain
from ops.publish import COUNTS, SEALED, Audit, Warehouse

ROWS_SHOWN = 40


def report(
    warehouse: Warehouse, raw: Path, audit: Audit, warnings: list[Problem], summary: Path, seconds: dict[str, float]
) -> str:
    """The text: what was built from what, what became of the raw rows, warnings, scores and seconds by phase."""
    rows = [[source, *(count[name] for name in COUNTS)] for source, count in audit.reconciliation.items()]
    raw_rows = sum(count["raw_rows"] for count in audit.reconciliation.values())
    parts = [
        table(["table", "rows"], [list(item) for item in sorted(audit.rows.items())]),
        table(["raw table", *COUNTS], rows) + _reasons(warehouse.work_db, audit.rejected > 0),
    ]
    if warnings:
        parts.append("Warnings\n" + "\n".join(str(warning) for warning in warnings))
    parts.append(f"Scores\n{_scores(warehouse.link, summary)}")
    parts.append("Seconds: " + ", ".join(f"{phase} {value:.1f}" for phase, value in seconds.items()))
    parts.append(
        f"Published {warehouse.link}\n"
        f"  from {raw}, up to {audit.as_of_date}; {audit.rejected:,} of {raw_rows:,} raw rows were rejected"
    )
    return "\n\n".join(parts)


def _reasons(work_db: Path, any_rejected: bool) -> str:
    if not any_rejected:
        return ""
    try:
        with duckdb.connect(str(work_db), read_only=True) as connection:
            reasons = connection.execute("""
                select source_table, reason, count(*) as rows
                from rejected_rows group by all order by source_table, rows desc, reason
            """).fetchall()
    except duckdb.Error as error:
        return f"\n  The reasons cannot be read: {plain(str(error).splitlines()[0])}"
    return "\n\n" + table(["rejected from", "reason", "rows"], reasons)


def _scores(link: Path, summary: Path) -> str:
    try:
        with duckdb.connect(str(link), read_only=True, config=SEALED) as connection:
            result = connection.execute(summary.read_text(encoding="utf-8-sig"))
            columns, rows = [column[0] for column in result.description], result.fetchmany(ROWS_SHOWN)
            more = f"\n  (the first {ROWS_SHOWN} rows)" if result.fetchone() else ""
    except (duckdb.Error, OSError, UnicodeDecodeError) as error:
        return f"  {summary} cannot be run on the marts: {plain(str(error).splitlines()[0])}"
    return table(columns, rows) + more


def table(columns: list[str], rows: list) -> str:
    """A text of aligned columns: numbers to the right, fractions with two digits, nulls as a dash."""
    cells = [list(columns), *([_text(value) for value in row] for row in rows)]
    for i in range(len(columns)):
        width = max(len(row[i]) for row in cells)
        align = str.rjust if all(isinstance(row[i], int | float | Decimal | None) for row in rows) else str.ljust
        for row in cells:
            row[i] = align(row[i], width)
    return "\n".join("  " + "  ".join(row).rstrip() for row in cells)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int | Decimal) else plain(str(value), 60)
