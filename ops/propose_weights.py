"""Prints the weights with those that outcomes suggest: `python -m ops.propose_weights --warehouse DIR`.

Those hold from the day after the build's, those of today until then. Reads the published marts and writes nothing: what
an event is worth is for people to say. What is printed on stdout is the whole file to save; what to know about it is on
stderr.

Exit codes: 0 printed; 1 refused, with a sentence; 2 wrong usage.
"""

import argparse
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb

from ops.marts import plain_number, print_file
from ops.messages import BuildError

COLUMNS = ("event_type", "weight", "valid_from", "valid_to", "reason")
DAY = timedelta(1)
REFUSALS = {
    "too_few_outcomes": "too few customers left, or too few stayed, to learn from",
    "too_few_customers": "no event type was used by enough customers to learn from",
    "no_variation": "all customers did the same as often",
    "nothing_learned": "no event type speaks for staying",
}


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m ops.propose_weights", description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True, help="folder in which the marts are published")
    return print_file(parser.parse_args(arguments).warehouse, propose)


def propose(marts: duckdb.DuckDBPyConnection) -> tuple[list[list[str]], str]:
    """The rows of the file to save, header first, and what to know before saving it.

    `marts` is a connection to published marts. Raises BuildError where they hold no proposal.
    """
    proposals = marts.execute("""
        select event_type, proposed_weight, valid_from, reason
        from weight_proposals
        where proposed_weight is not null
    """).fetchall()
    if not proposals:
        notes = {note for (note,) in marts.execute("select distinct note from weight_proposals").fetchall()}
        nobody = "no customer who could be judged had an event"
        reason = next((text for note, text in REFUSALS.items() if note in notes), nobody)
        raise BuildError(f"There is no proposal: {reason}. Table weight_proposals says what there is.")
    rows = marts.execute("select event_type, weight, valid_from, valid_to, reason from engagement_weights").fetchall()
    for event_type, weight, tomorrow, reason in proposals:
        own = [row for row in rows if row[0] == event_type]
        rows = [row for row in rows if row[0] != event_type] + _changed(own, (event_type, weight), tomorrow, reason)
    rows.sort(key=lambda row: (row[0], row[2] or date.min))
    return [list(COLUMNS), *([row[0], plain_number(row[1]), *map(_text, row[2:])] for row in rows)], _notes(marts)


def _changed(rows: list[tuple], proposal: tuple, tomorrow: date, reason: str) -> list[tuple]:
    """The rows of one type with the proposal from tomorrow on, as long as what held until then would have held."""
    past = [row for row in rows if (row[2] or date.min) < tomorrow]
    future = [row for row in rows if (row[2] or date.min) > tomorrow]
    replaced = [row for row in rows if (row[2] or date.min) <= tomorrow <= (row[3] or date.max)]
    if replaced and replaced[0][1] == proposal[1]:
        return rows
    begins = min((row[2] for row in future), default=None)
    valid_to = replaced[0][3] if replaced else begins and begins - DAY
    past = [(*row[:3], tomorrow - DAY if (row[3] or date.max) >= tomorrow else row[3], row[4]) for row in past]
    return [*past, (*proposal, tomorrow, valid_to, reason), *future]


def _notes(marts: duckdb.DuckDBPyConnection) -> str:
    customers, churned, days, today, current, proposed, low, high, is_distinguishable = marts.execute("""
        select
            judged_customers, judged_churned, horizon_days, as_of_date, auc_current, auc_proposed, auc_gain_low,
            auc_gain_high, is_gain_distinguishable
        from weight_proposals
        limit 1
    """).fetchone()
    interval = "" if low is None else f" (the difference is {low:+.3f} to {high:+.3f}, 95 %)"
    if is_distinguishable and proposed > current:
        verdict = "The proposal is better."
    elif is_distinguishable:
        verdict = "The proposal is worse: do not use it."
    else:
        verdict = "That cannot be told from no gain at all: it is no reason to change a weight."
    return "\n".join(
        [
            f"Of {customers:,} customers {churned:,} left in the {days} days before {today}. Their points before that",
            f"tell who: AUC {current:.3f} by the weights in force then, {proposed:.3f} by those proposed{interval}.",
            verdict,
            "What foretells staying need not be what makes people stay: look at each line, and at customers_using in",
            "weight_proposals. To use them, save the lines as event_weights.csv in the settings folder (RAW/settings)",
            "and build again: no points of the past change. The lines repeat today's weights and are the whole file;",
            "save them elsewhere first, since a refusal prints none and would leave that file empty.",
        ]
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


if __name__ == "__main__":
    sys.exit(main())
