"""Proposed weights: what is printed can be saved as a settings file, keeps the past, and says what it gains."""

import csv
import io
from datetime import date
from pathlib import Path

import duckdb
import pytest
from real_data import REPOSITORY

from ops.propose_weights import main
from ops.publish import Warehouse
from ops.settings import merge_seeds, seed_types

TODAY, TOMORROW = date(2026, 6, 30), date(2026, 7, 1)
# What the project's seed would say in every way a type's weights may lie around tomorrow.
WEIGHTS = {
    "always": [("1", None, None)],
    "kept": [("3", None, None)],
    "ends": [("2", None, "2026-12-31"), ("4", "2027-01-01", None)],
    "ended": [("2", None, "2026-01-31")],
    "to_come": [("6", "2026-09-01", None)],
    "tomorrow": [("1", None, "2026-06-30"), ("2.5", "2026-07-01", "2026-08-31"), ("3", "2026-09-01", None)],
    "silent": [("9", None, None)],
}
PROPOSALS = {"always": "1.25", "kept": "3", "ends": "0", "ended": "5", "to_come": "7", "tomorrow": "8", "none": "0.5"}


def publish(folder: Path, proposals: dict = PROPOSALS, note: str | None = None, gain: tuple = (-0.01, 0.02)) -> Path:
    """A warehouse of one published build with these weights and proposals."""
    warehouse = Warehouse(folder)
    warehouse.prepare()
    with duckdb.connect(str(warehouse.building)) as marts:
        marts.execute("""
            create table engagement_weights (
                event_type varchar, weight decimal(12, 6), valid_from date, valid_to date, reason varchar
            );
            create table weight_proposals (
                event_type varchar, proposed_weight decimal(12, 6), valid_from date, reason varchar, note varchar,
                judged_customers bigint, judged_churned bigint, horizon_days integer, as_of_date date,
                auc_current double, auc_proposed double, auc_gain_low double, auc_gain_high double,
                is_gain_distinguishable boolean
            );
        """)
        for event_type, rows in WEIGHTS.items():
            for row in rows:
                marts.execute("insert into engagement_weights values ($1, $2, $3, $4, 'old')", [event_type, *row])
        low, high = gain
        for event_type, weight in proposals.items():
            row = [
                event_type,
                weight,
                TOMORROW,
                None if weight is None else "learned",
                note if weight is None else None,
            ]
            row += [1257, 61, 90, TODAY, 0.70, None if low is None else 0.70 + (low + high) / 2, low, high]
            places = ", ".join(f"${i + 1}" for i in range(len(row) + 1))
            distinguishable = low is not None and (low > 0 or high < 0)
            marts.execute(f"insert into weight_proposals values ({places})", [*row, distinguishable])
    warehouse.publish("20260701T000000Z-000000")
    return folder


def propose(capsys, folder: Path) -> tuple[int, list[list[str]], str]:
    """Exit code, the rows printed on stdout, and stderr."""
    code = main(["--warehouse", str(folder)])
    printed = capsys.readouterr()
    return code, list(csv.reader(io.StringIO(printed.out))), printed.err


def test_a_proposal_holds_from_tomorrow_as_long_as_what_it_replaces(tmp_path, capsys):
    code, rows, _ = propose(capsys, publish(tmp_path))
    assert code == 0
    assert rows == [
        ["event_type", "weight", "valid_from", "valid_to", "reason"],
        ["always", "1", "", "2026-06-30", "old"],
        ["always", "1.25", "2026-07-01", "", "learned"],
        ["ended", "2", "", "2026-01-31", "old"],
        ["ended", "5", "2026-07-01", "", "learned"],
        ["ends", "2", "", "2026-06-30", "old"],
        ["ends", "0", "2026-07-01", "2026-12-31", "learned"],
        ["ends", "4", "2027-01-01", "", "old"],
        ["kept", "3", "", "", "old"],
        ["none", "0.5", "2026-07-01", "", "learned"],
        ["silent", "9", "", "", "old"],
        ["to_come", "7", "2026-07-01", "2026-08-31", "learned"],
        ["to_come", "6", "2026-09-01", "", "old"],
        ["tomorrow", "1", "", "2026-06-30", "old"],
        ["tomorrow", "8", "2026-07-01", "2026-08-31", "learned"],
        ["tomorrow", "3", "2026-09-01", "", "old"],
    ]


def test_what_is_printed_can_be_saved_as_the_settings_file(tmp_path, capsys):
    publish(tmp_path / "warehouse")
    main(["--warehouse", str(tmp_path / "warehouse")])
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "event_weights.csv").write_text(capsys.readouterr().out)
    merge_seeds(REPOSITORY / "seeds", tmp_path / "settings", tmp_path / "seeds", seed_types(REPOSITORY))
    with (tmp_path / "seeds" / "event_weights.csv").open(newline="") as merged:
        rows = [row for row in csv.DictReader(merged) if row["event_type"] in WEIGHTS or row["event_type"] == "none"]
    assert len(rows) == 15


@pytest.mark.parametrize(
    ("gain", "sentence"),
    [
        ((-0.01, 0.02), "cannot be told from no gain"),
        ((0.01, 0.02), "The proposal is better."),
        ((-0.02, -0.01), "The proposal is worse"),
    ],
)
def test_what_the_proposal_gains_is_told_first(gain, sentence, tmp_path, capsys):
    _, _, notes = propose(capsys, publish(tmp_path, gain=gain))
    assert "Of 1,257 customers 61 left in the 90 days before 2026-06-30" in notes
    assert f"({gain[0]:+.3f} to {gain[1]:+.3f}" in notes.replace("the difference is ", "")
    assert sentence in notes and "event_weights.csv" in notes


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("too_few_outcomes", "too few customers left"),
        ("too_few_customers", "enough customers"),
        ("nothing_learned", "speaks"),
    ],
)
def test_without_a_proposal_it_is_refused_with_a_sentence(note, sentence, tmp_path, capsys):
    code, rows, notes = propose(capsys, publish(tmp_path, {"login": None}, note, (None, None)))
    assert (code, rows) == (1, [])
    assert sentence in notes and "\n" not in notes.strip()


def test_without_events_or_marts_it_is_refused_with_a_sentence(tmp_path, capsys):
    code, rows, notes = propose(capsys, publish(tmp_path / "empty", {}))
    assert (code, rows) == (1, []) and "could be judged had an event" in notes
    code, rows, notes = propose(capsys, tmp_path / "absent")
    assert (code, rows) == (1, []) and "No marts have been published" in notes
