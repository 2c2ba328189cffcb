"""Raw files, and the judgement of each of their rows."""

import csv
import datetime as dt
import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .settings import OracleError, clean_text, six_places, trimmed

COLUMNS = {
    "events": {
        "event_id": "text",
        "customer_id": "text",
        "event_type": "text",
        "occurred_at": "time",
        "loaded_at": "time",
        "user_id": "text",
        "session_id": "text",
        "channel": "text",
        "amount": "number",
        "duration_seconds": "number",
        "properties": "text",
    },
    "survey_answers": {
        "answer_id": "text",
        "customer_id": "text",
        "question": "text",
        "sent_at": "time",
        "answered_at": "time",
        "score": "number",
        "respondent_id": "text",
        "comment": "text",
        "language": "text",
        "channel": "text",
        "touchpoint": "text",
        "loaded_at": "time",
    },
    "customers": {
        "customer_id": "text",
        "updated_at": "time",
        "customer_name": "text",
        "plan": "text",
        "industry": "text",
        "region": "text",
        "trial_started_at": "time",
        "subscribed_at": "time",
        "churned_at": "time",
        "acquisition_cost": "number",
    },
}
REQUIRED = {
    "events": ["event_id", "customer_id", "event_type", "occurred_at"],
    "survey_answers": ["answer_id", "customer_id", "question", "sent_at"],
    "customers": ["customer_id"],
}
KEYS = {"events": ["event_id"], "survey_answers": ["answer_id"], "customers": ["customer_id", "updated_at"]}
FIXED_SEGMENTS = ("plan", "industry", "region")

NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,17})?")
TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?"
    r"(?:Z|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?"
)
EPOCH = dt.datetime(1970, 1, 1)
MICROSECOND = dt.timedelta(microseconds=1)
NOT_A_TIME = np.iinfo(np.int64).min
EARLIEST = np.datetime64("2000-01-01", "us")
TOO_LATE = np.datetime64("2100-01-01", "us")
CLOCK_TOLERANCE = np.timedelta64(5, "m")
DAY = np.timedelta64(1, "D")

WINDOWS_1252 = {0xDC00 + byte: byte for byte in range(0x80, 0x100)} | {
    0xDC00 + byte: letter.decode("cp1252")
    for byte in range(0x80, 0x100)
    for letter in [bytes([byte])]
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}

csv.field_size_limit(2**31 - 1)


class Parsed(NamedTuple):
    """One column: typed values, where it was blank, and where it was neither blank nor readable."""

    values: pd.Series
    is_blank: np.ndarray
    is_bad: np.ndarray


class Judged(NamedTuple):
    """One table: accepted rows (typed, with `row_number`), rejected rows, two counts, and its newest load time."""

    accepted: pd.DataFrame
    rejected: pd.DataFrame
    raw_rows: int
    duplicates: int
    last_loaded_at: pd.Timestamp


def find_files(folder: Path, table: str) -> list[Path]:
    """The files of one table in name order; none where the table is absent.

    Raises OracleError where they are of several formats, or lie both beside and inside a folder of that name.
    """
    places = [
        [
            path
            for path in place.glob(pattern)
            if path.is_file() and path.suffix.lower() in {".parquet", ".csv", ".jsonl"}
        ]
        for place, pattern in ((folder, f"{table}*"), (folder / table, "*"))
    ]
    files = sorted(places[0] + places[1], key=lambda path: path.name)
    if len({(path.parent, path.suffix.lower()) for path in files}) > 1:
        raise OracleError(f"{folder}: {table} is there in several forms; keep one format in one place.")
    return files


def read_file(path: Path, columns: Iterable[str]) -> tuple[set[str], dict[str, list | np.ndarray], int]:
    """Names of all columns of a file, the values of the wanted ones, and the number of rows.

    Text formats give text, or None where JSON has null; Parquet gives what it holds, times as datetime64[us].
    """
    if path.suffix == ".parquet":
        file = pq.ParquetFile(path)
        names = set(file.schema_arrow.names)
        data = file.read(columns=[name for name in columns if name in names])
        return names, {name: arrow_values(data.column(name)) for name in data.column_names}, data.num_rows
    with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        if path.suffix.lower() == ".csv":
            reader = csv.reader(map(readable, lines), strict=True)
            header = [name.lower() for name in next(reader, [])]
            rows = [row for row in reader if row]
            for position, row in enumerate(rows, 1):
                if len(row) != len(header):
                    raise OracleError(f"{path}: row {position} has {len(row)} fields, the header {len(header)}.")
            by_name = dict(zip(header, zip(*rows, strict=True) if rows else [()] * len(header), strict=True))
            return set(header), {name: list(by_name[name]) for name in columns if name in by_name}, len(rows)
        records = [
            {name.lower(): value for name, value in json_object(line).items()}
            for line in readable(lines.read()).split("\n")
            if line.strip()
        ]
    names = set().union(*records)
    return names, {name: [row.get(name) for row in records] for name in columns if name in names}, len(records)


def readable(text: str) -> str:
    """Text with each byte that was no UTF-8, which Python keeps as a surrogate, as Windows-1252 has it."""
    return text if text.isascii() else text.translate(WINDOWS_1252)


def json_object(line: str) -> dict:
    """The object of a line; none where the line holds something else, or is broken off."""
    try:
        found = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def arrow_values(column: pa.ChunkedArray) -> list | np.ndarray:
    """Values of a Parquet column: datetime64[us] in UTC for times and dates, else a list with None for null."""
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        zone = getattr(column.type, "tz", None)
        return column.cast(pa.timestamp("us", zone), safe=False).to_numpy().astype("datetime64[us]")
    return column.to_pylist()


def parse_texts(values: list | np.ndarray, clean: Callable[[str | None], str | None] = clean_text) -> Parsed:
    """Clean text; other types are written out."""
    texts = [clean(value if value is None or type(value) is str else written(value)) for value in values]
    series = pd.Series(texts, dtype=object)
    return Parsed(series, series.isna().to_numpy(), np.zeros(len(series), bool))


def written(value: object) -> str:
    """A value of another type as text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def parse_times(values: list | np.ndarray) -> Parsed:
    """Times as datetime64[us] in UTC. Typed ones are taken as they are, all else must be text of an accepted form."""
    if isinstance(values, np.ndarray):
        return Parsed(pd.Series(values), np.isnat(values), np.zeros(len(values), bool))
    texts = parse_texts(values, trimmed)
    micros = np.array([NOT_A_TIME if text is None else time_micros(text) for text in texts.values], np.int64)
    return Parsed(pd.Series(micros.view("datetime64[us]")), texts.is_blank, (micros == NOT_A_TIME) & ~texts.is_blank)


def time_micros(text: str) -> int:
    """Microseconds since 1970 UTC of a time in text; NOT_A_TIME where it is none."""
    match = TIME.fullmatch(text)
    if not match:
        return NOT_A_TIME
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups()
    try:
        moment = dt.datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
        offset = dt.time(int(offset_hours or 0), int(offset_minutes or 0))
    except ValueError:
        return NOT_A_TIME
    offset_micros = (offset.hour * 60 + offset.minute) * 60_000_000
    micros = (moment - EPOCH) // MICROSECOND + int((fraction or "").ljust(6, "0"))
    return micros + (offset_micros if sign == "-" else -offset_micros)


def parse_numbers(values: list | np.ndarray) -> Parsed:
    """Numbers as Decimal or None."""
    numbers, blank, bad = [], [], []
    for value in values:
        text = trimmed(value) if isinstance(value, str) else value
        parsed = None if text is None else parse_number(text)
        numbers.append(parsed)
        blank.append(text is None)
        bad.append(text is not None and parsed is None)
    return Parsed(pd.Series(numbers, dtype=object), np.array(blank, bool), np.array(bad, bool))


def parse_number(value: object) -> Decimal | None:
    """A number in text by the rule of D14, or a typed one below 10^12; None for anything else."""
    if isinstance(value, str):
        return Decimal(value) if NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    parsed = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return parsed if parsed.is_finite() and abs(parsed) < 10**12 else None


PARSERS = {"text": parse_texts, "time": parse_times, "number": parse_numbers}


def read_table(folder: Path, table: str, columns: dict[str, str]) -> tuple[dict[str, Parsed], set[str]]:
    """All rows of a table, column by column, and the names that its files have.

    `columns` gives the kind (text, time, number) of each wanted column; one that a file lacks reads as blank.
    Raises OracleError where a file lacks a required column.
    """
    pieces, names = {column: [] for column in columns}, set()
    for path in find_files(folder, table):
        found, values, rows = read_file(path, columns)
        missing = [name for name in REQUIRED[table] if name not in found]
        if missing and not (path.suffix == ".jsonl" and rows == 0):
            raise OracleError(f"{path}: table {table} lacks the required column {', '.join(missing)}.")
        names |= found
        for column, kind in columns.items():
            pieces[column].append(PARSERS[kind](values.get(column, [None] * rows)))
    empty = {kind: parse([]) for kind, parse in PARSERS.items()}
    return {
        column: Parsed(
            pd.concat([piece.values for piece in parts or [empty[columns[column]]]], ignore_index=True),
            np.concatenate([np.zeros(0, bool), *(piece.is_blank for piece in parts)]),
            np.concatenate([np.zeros(0, bool), *(piece.is_bad for piece in parts)]),
        )
        for column, parts in pieces.items()
    }, names


def times(column: Parsed) -> np.ndarray:
    """Values of a time column as datetime64[us]."""
    return column.values.to_numpy("datetime64[us]")


def is_implausible(*columns: Parsed) -> np.ndarray:
    """Rows where any of the times lies outside 2000 to 2099."""
    return np.any([(times(column) < EARLIEST) | (times(column) >= TOO_LATE) for column in columns], axis=0)


def event_flags(columns: dict[str, Parsed]) -> dict[str, np.ndarray]:
    """For each reason, in order of priority, the events that it holds for."""
    occurred, loaded, duration = columns["occurred_at"], columns["loaded_at"], columns["duration_seconds"]
    return {
        "missing_event_id": columns["event_id"].is_blank,
        "missing_customer_id": columns["customer_id"].is_blank,
        "missing_event_type": columns["event_type"].is_blank,
        "missing_occurred_at": occurred.is_blank,
        "unparsable_occurred_at": occurred.is_bad,
        "implausible_time": is_implausible(occurred, loaded),
        "unparsable_loaded_at": loaded.is_bad,
        "future": times(occurred) - times(loaded) > CLOCK_TOLERANCE,
        "invalid_amount": columns["amount"].is_bad,
        "invalid_duration": duration.is_bad,
        "negative_duration": np.array([value is not None and value < 0 for value in duration.values], bool),
    }


def answer_flags(columns: dict[str, Parsed], questions: pd.DataFrame) -> dict[str, np.ndarray]:
    """For each reason, in order of priority, the survey answers that it holds for."""
    sent, answered, loaded = columns["sent_at"], columns["answered_at"], columns["loaded_at"]
    question, score = columns["question"], columns["score"]
    scales = {
        clean_text(row.question): (Decimal(row.scale_min), Decimal(row.scale_max)) for row in questions.itertuples()
    }
    off_scale = [
        name in scales and value is not None and not scales[name][0] <= value <= scales[name][1]
        for name, value in zip(question.values, score.values, strict=True)
    ]
    not_whole = [value is not None and value % 1 != 0 for value in score.values]
    return {
        "missing_answer_id": columns["answer_id"].is_blank,
        "missing_customer_id": columns["customer_id"].is_blank,
        "missing_question": question.is_blank,
        "unknown_question": ~question.is_blank & ~question.values.isin(list(scales)).to_numpy(),
        "unparsable_sent_at": sent.is_bad,
        "unparsable_answered_at": answered.is_bad,
        "missing_sent_at": sent.is_blank & answered.is_blank,
        "missing_answered_at": answered.is_blank & ~score.is_blank,
        "implausible_time": is_implausible(sent, answered, loaded),
        "unparsable_loaded_at": loaded.is_bad,
        "future": np.fmax(times(sent), times(answered)) - times(loaded) > CLOCK_TOLERANCE,
        "answered_before_sent": times(answered) < times(sent),
        "invalid_score": score.is_bad | np.array(not_whole, bool),
        "score_out_of_scale": np.array(off_scale, bool) & ~np.array(not_whole, bool),
    }


def customer_flags(columns: dict[str, Parsed]) -> dict[str, np.ndarray]:
    """For each reason, in order of priority, the customer versions that it holds for."""
    moments = ("updated_at", "trial_started_at", "subscribed_at", "churned_at")
    cost = columns["acquisition_cost"]
    return {
        "missing_customer_id": columns["customer_id"].is_blank,
        **{f"unparsable_{name}": columns[name].is_bad for name in moments},
        "implausible_time": is_implausible(*(columns[name] for name in moments)),
        "invalid_acquisition_cost": cost.is_bad | np.array([v is not None and v < 0 for v in cost.values], bool),
    }


def reporting_days(times: pd.Series, zone: str) -> pd.Series:
    """The day of each UTC time in the reporting zone; NaT stays NaT."""
    local = times.astype("datetime64[us]").dt.tz_localize("UTC").dt.tz_convert(zone)
    return local.dt.tz_localize(None).dt.normalize()


def content_of(rows: pd.DataFrame) -> list[tuple]:
    """For each row what two copies must agree in (D12), with None for null."""
    content = rows.drop(columns=["first_loaded_at", "loaded_at", "row_number"], errors="ignore").astype(object)
    return list(content.where(content.notna(), None).itertuples(index=False, name=None))


def sharing_key(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """The rows that share their key with another, in the order in which they were loaded."""
    return rows[rows.duplicated(key, keep=False)].sort_values(["first_loaded_at", "row_number"])


def find_copies(rows: pd.DataFrame, key: list[str]) -> tuple[list[int], list[int]]:
    """Index labels of true copies and of conflicting ones, among rows that share a key (D11, D12)."""
    shared = sharing_key(rows, key)
    standing, copies, conflicts = {}, [], []
    keys = shared[key].astype(object).where(shared[key].notna(), None).itertuples(index=False, name=None)
    for label, name, values in zip(shared.index, keys, content_of(shared), strict=True):
        if standing.setdefault(name, values) is not values:
            (copies if standing[name] == values else conflicts).append(label)
    return copies, conflicts


def find_event_copies(rows: pd.DataFrame, zone: str, lookback: int) -> tuple[list[int], list[int]]:
    """As `find_copies`, but an event is compared only with earlier rows of its time or of the last `lookback` days.

    Days are those on which the rows were loaded. An event without such a row stands, whatever its id.
    """
    shared = sharing_key(rows, ["event_id"])
    load_days = (reporting_days(shared["first_loaded_at"], zone) - pd.Timestamp(0)) // DAY
    earlier, copies, conflicts = {}, [], []
    facts = zip(shared.index, shared["event_id"], shared["occurred_at"], load_days, content_of(shared), strict=True)
    for label, event_id, occurred_at, load_day, values in facts:
        same_id = earlier.setdefault(event_id, [])
        comparable = (content for time, day, content in same_id if time == occurred_at or load_day - day <= lookback)
        first = next(comparable, None)
        if first is not None:
            (copies if first == values else conflicts).append(label)
        same_id.append((occurred_at, load_day, values))
    return copies, conflicts


def judge(table: str, columns: dict[str, Parsed], flags: dict[str, np.ndarray], settings: dict) -> Judged:
    """Judge each row alone, then among rows of the same id.

    Raises OracleError where two versions of a customer have one time and different content.
    """
    rows = pd.DataFrame({name: column.values for name, column in columns.items()})
    for name, kind in COLUMNS[table].items():
        if kind == "number":
            rows[name] = pd.Series([None if v is None else six_places(v) for v in rows[name]], rows.index, dtype=object)
    rows["row_number"] = np.arange(1, len(rows) + 1)
    id_column = KEYS[table][0]

    held = np.array(list(flags.values()))
    is_bad = held.any(axis=0)
    names = np.array(list(flags))
    reasons = {position: list(names[held[:, position]]) for position in np.flatnonzero(is_bad)}
    good = rows[~is_bad]
    good = good.assign(first_loaded_at=load_times(table, good))
    if table == "events":
        copies, conflicts = find_event_copies(good, settings["reporting_timezone"], settings["dedup_lookback_days"])
    else:
        copies, conflicts = find_copies(good, KEYS[table])
    if table == "customers" and conflicts:
        row = rows.loc[conflicts[0]]
        raise OracleError(f"customers: {row.customer_id!r} has two versions of {row.updated_at} that disagree.")
    reasons |= {label: ["conflicting_duplicate"] for label in conflicts}
    positions = sorted(reasons)
    rejected = pd.DataFrame(
        {
            "source_table": pd.Series([table] * len(positions), dtype=object),
            "row_number": rows.loc[positions, "row_number"].to_numpy(),
            "row_id": rows.loc[positions, id_column].to_numpy(object),
            "reason": pd.Series([reasons[position][0] for position in positions], dtype=object),
            "reasons": pd.Series([",".join(reasons[position]) for position in positions], dtype=object),
        }
    )
    accepted = good.drop(index=[*copies, *conflicts]).reset_index(drop=True)
    known = rows["updated_at"] if table == "customers" else load_times(table, rows)
    # A row that is dated later than now is wrong, and says nothing of when rows came.
    last_loaded_at = known[known <= pd.Timestamp.now("UTC").tz_localize(None)].max()
    return Judged(accepted, rejected, len(rows), len(copies), last_loaded_at)


def load_times(table: str, rows: pd.DataFrame) -> pd.Series:
    """When each row was loaded: `loaded_at`, else its own latest time; customers have none, so position decides."""
    if table == "events":
        return rows["loaded_at"].fillna(rows["occurred_at"])
    if table == "survey_answers":
        return rows["loaded_at"].fillna(rows[["sent_at", "answered_at"]].max(axis=1))
    return pd.Series(0, rows.index)


def judge_folder(folder: Path, settings: dict, questions: pd.DataFrame) -> dict[str, Judged]:
    """The three tables of a raw folder, judged.

    Raises OracleError where both `events` and `survey_answers` are absent, a segment column is not there,
    or more than `max_rejected_share` of a table is rejected.
    """
    if not folder.is_dir():
        raise OracleError(f"There is no folder {folder}.")
    if not find_files(folder, "events") and not find_files(folder, "survey_answers"):
        raise OracleError(f"{folder} has neither events nor survey_answers.")
    segments = {name: "text" for name in settings["segment_columns"]}
    judged = {}
    for table, wanted in COLUMNS.items():
        columns, names = read_table(folder, table, wanted | (segments if table == "customers" else {}))
        if table == "events":
            flags = event_flags(columns)
        elif table == "survey_answers":
            flags = answer_flags(columns, questions)
        else:
            flags = customer_flags(columns)
            absent = [name for name in segments if name not in names and name not in FIXED_SEGMENTS]
            if absent:
                raise OracleError(f"segment_columns: the customers table has no column {', '.join(absent)}.")
        judged[table] = judge(table, columns, flags, settings)
        raw_rows, rejected = judged[table].raw_rows, len(judged[table].rejected)
        if rejected > settings["max_rejected_share"] * raw_rows:
            raise OracleError(f"{table}: {rejected} of {raw_rows} rows are rejected, more than may be.")
    return judged


def row_reconciliation(judged: dict[str, Judged]) -> pd.DataFrame:
    """One row per raw table: raw_rows = accepted + duplicates + rejected; the oracle erases nobody."""
    return pd.DataFrame(
        [
            (table, one.raw_rows, len(one.accepted), one.duplicates, len(one.rejected), 0, one.last_loaded_at)
            for table, one in sorted(judged.items())
        ],
        columns=["source_table", "raw_rows", "accepted", "duplicates", "rejected", "erased", "last_loaded_at"],
    )


def rejected_rows(judged: dict[str, Judged]) -> pd.DataFrame:
    """One row per rejected row: source_table, row_number, row_id, reason, reasons."""
    return pd.concat([one.rejected for _, one in sorted(judged.items())], ignore_index=True)
