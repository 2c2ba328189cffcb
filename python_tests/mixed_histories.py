"""Random histories into which rows are mixed that must not count: all that `bad_inputs.py` rejects, and copies."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from bad_inputs import ACCEPTED, DUPLICATE, ID, TYPICAL, Rows, cases, write_rows
from histories import FIRST_DAY, History, State, histories, write_raw
from hypothesis import strategies as st

# By raw table: rows that are rejected by themselves, whatever the other rows are.
BAD = {
    table: [
        row
        for case in cases(Rows)
        if case.table == table
        for row, verdict in zip(case.delivered(), case.verdicts, strict=True)
        if verdict not in (ACCEPTED, DUPLICATE, "rejected: conflicting_duplicate")
    ]
    for table in TYPICAL
}
ANSWERS = [
    TYPICAL["survey_answers"]
    | {"answer_id": f"a{late}", "customer_id": who, "score": score}
    | {"sent_at": f"{FIRST_DAY + dt.timedelta(late)} 08:00", "answered_at": f"{FIRST_DAY + dt.timedelta(late)} 09:00"}
    for who, score, late in [("ann", "9", 3), ("bob", "3", 9), ("ann", "0", 20), ("zoe", "10", 30)]
]


@dataclass(frozen=True)
class Extra:
    """A row that must not count, in a raw table, before or after its sound row number `place` (modulo their number).

    `kind` is `bad` (number `number` of BAD, under the id of the sound row if `borrows` and it has an id at all), `copy`
    or `conflict` (a copy with another customer), which come right after the row that they copy.
    """

    table: str
    place: int
    kind: str
    number: int
    borrows: bool


@dataclass(frozen=True)
class Mixed:
    """A history, and the rows that are mixed into each of its states."""

    history: History
    extras: tuple[tuple[Extra, ...], ...]


@st.composite
def mixed_histories(draw, max_states: int) -> Mixed:
    """A history with 1 to 12 rows that must not count in each state."""
    history = draw(histories(max_states))
    extra = st.builds(
        Extra,
        st.sampled_from(["events", "events", "events", "survey_answers", "customers"]),
        st.integers(0, 40),
        st.sampled_from(["bad", "bad", "bad", "copy", "conflict"]),
        st.integers(0, max(map(len, BAD.values())) - 1),
        st.booleans(),
    )
    extras = st.lists(extra, min_size=1, max_size=12).map(tuple)
    return Mixed(history, tuple(draw(extras) for _ in history.states))


def as_text(row: object) -> dict[str, str | None]:
    """A row of a history as a company may write it."""
    return {column: None if value is None else str(value) for column, value in vars(row).items()}


def sound_rows(state: State) -> dict[str, list[dict]]:
    """The rows of a state as text, by the file in which they lie."""
    events = {name: [as_text(event) for event in rows] for name, rows in state.deliveries.items()}
    if not state.has_load_times:
        events = {name: [row | {"loaded_at": None} for row in rows] for name, rows in events.items()}
    return events | {"customers": [as_text(version) for version in state.versions], "survey_answers": ANSWERS}


def mixed_rows(table: str, rows: list[dict], extras: list[Extra]) -> list[dict]:
    """The rows with those of the extras among them."""
    places = [[row] for row in rows] or [[]]
    for extra in extras:
        place = places[extra.place % len(places)]
        if extra.kind != "bad" and rows:
            # Two rows of one id with another of these conflict.
            other = "plan" if table == "customers" else "customer_id"
            place.insert(1, place[0] | ({other: "ghost"} if extra.kind == "conflict" else {}))
            continue
        bad = BAD[table][extra.number % len(BAD[table])]
        has_id = bad[ID[table]] and bad[ID[table]].strip()
        place.append(bad | ({ID[table]: place[0][ID[table]]} if extra.borrows and has_id and rows else {}))
    return [row for place in places for row in place]


def write_mixed(state: State, extras: tuple[Extra, ...], folder: Path) -> None:
    """Writes the raw folder of a state with its extras, as Parquet files of text."""
    folder.mkdir(parents=True)
    for table in TYPICAL:
        files = {name: rows for name, rows in sound_rows(state).items() if name.startswith(table)}
        own = [extra for extra in extras if extra.table == table]
        for number, (name, rows) in enumerate(sorted(files.items())):
            rows = mixed_rows(table, rows, [extra for extra in own if extra.place % len(files) == number])
            if rows:
                columns = list(dict.fromkeys(column for row in rows for column in row))
                write_rows(folder / f"{name}.parquet", columns, [dict.fromkeys(columns) | row for row in rows])


def write_sound(state: State, folder: Path) -> None:
    """Writes the raw folder of a state without any extra, typed."""
    write_raw(state, folder)
    write_rows(folder / "survey_answers.parquet", list(TYPICAL["survey_answers"]), ANSWERS)
