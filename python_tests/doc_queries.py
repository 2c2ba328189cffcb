"""The queries in the docs, and what they print for the demo company.

`.venv/bin/python python_tests/doc_queries.py --warehouse warehouse` runs them on the demo company's marts, and writes
the tables below them anew.
"""

import argparse
import re
from decimal import Decimal
from pathlib import Path

import duckdb
from real_data import REPOSITORY

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
# A query and, if it follows at once, the table that it prints.
QUERY = re.compile(r"^```sql\n(?P<query>(?:(?!```).*\n)+)```\n(?:\n(?P<printed>(?:\|.*\n)+))?", re.M)
# What stands in the private work database.
PRIVATE = re.compile(r"\b(int_\w+|rejected_rows)\b")
# Made for who asks for them.
NOT_IN_THE_DEMO = re.compile(r"\bcustomer_clv_forecasts\b")
NUMBERS = (int, float, Decimal)


def shown(value: object) -> str:
    """A value as the docs print it: numbers with three places, or two digits where they are smaller."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, NUMBERS):
        return str(value)
    text = f"{abs(value):.2g}" if 0 < abs(value) < 0.001 else f"{abs(value):.3f}".rstrip("0").rstrip(".")
    return f"−{text}" if value < 0 else text


def printed(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    """What a query returns, as a table in Markdown."""
    result = connection.sql(query)
    rows = result.fetchall()
    are_numbers = [
        all(value is None or (isinstance(value, NUMBERS) and not isinstance(value, bool)) for value in column)
        for column in zip(*rows, strict=True)
    ]
    lines = [result.columns, *([shown(value) for value in row] for row in rows)]
    header, *body = [f"| {' | '.join(line)} |\n" for line in lines]
    return header + f"|{'|'.join('---:' if is_number else '---' for is_number in are_numbers)}|\n" + "".join(body)


def rewritten(text: str, marts: Path, work: Path) -> str:
    """A page with the tables that its queries print, where they have a table. Each query is run."""

    def answer(match: re.Match) -> str:
        query = match["query"]
        if NOT_IN_THE_DEMO.search(query):
            return match[0]
        with duckdb.connect(str(work if PRIVATE.search(query) else marts), read_only=True) as connection:
            table = printed(connection, query)
        return f"```sql\n{query}```\n\n{table}" if match["printed"] else match[0]

    return QUERY.sub(answer, text)


def main() -> None:
    """Writes the tables of all pages anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--warehouse", type=Path, default=REPOSITORY / "warehouse", help="with the demo company's marts"
    )
    warehouse = parser.parse_args().warehouse
    for page in PAGES:
        page.write_text(
            rewritten(page.read_text(), warehouse / "customer_scores.duckdb", warehouse / "work" / "work.duckdb")
        )


if __name__ == "__main__":
    main()
