"""Random histories of a raw folder: what a company delivered from build to build, and what it changed afterwards.

A history is a row of states. Each is made from the one before by a few random operations of the kinds that happen: a
late file, one delivered twice, rows deleted or edited under an old load date, another weight, another day for today.
The build of a state may be killed on its way.
"""

import datetime as dt
from dataclasses import dataclass, field, replace

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

FIRST_DAY = dt.date(2026, 1, 1)
DAYS = 36
# Midnight of both zones, and a moment on either side of it.
TIMES = [dt.time(0), dt.time(9, 30), dt.time(14, 59, 59, 999999), dt.time(15), dt.time(23, 59, 59)]
LAGS = [0, 0, 0, 0, 1, 1, 2, 4, 9, 20, -1, None]
CUSTOMERS = ["ann", "bob", "cid", "dan"]
USERS = [None, None, "u1", "u2"]
TYPES = ["login", "login", "report", "share", "support_ticket", "odd"]
AMOUNTS = [None, 1.5, 20.0]
CHANNELS = [None, "web", "social", "referral"]
PLANS = [None, "free", "pro"]
# What of an event may change.
COLUMNS = ["customer_id", "event_type", "occurred_at", "loaded_at", "user_id", "amount", "channel"]

# What a build may be told. Few, since the project is compiled once for each.
SETTINGS = [
    {
        "score_window_days": 3,
        "score_half_life_days": None,
        "reporting_timezone": "UTC",
        "dedup_lookback_days": 0,
        "session_gap_minutes": 30,
    },
    {
        "score_window_days": 5,
        "score_half_life_days": 2,
        "reporting_timezone": "Asia/Tokyo",
        "dedup_lookback_days": 2,
        # The time from 9:30 to 15:00, to the minute.
        "session_gap_minutes": 330,
    },
    {
        "score_window_days": 4,
        "score_half_life_days": None,
        "reporting_timezone": "Asia/Tokyo",
        "dedup_lookback_days": 5,
        "session_gap_minutes": 1,
    },
    {
        "score_window_days": 7,
        "score_half_life_days": 2,
        "reporting_timezone": "UTC",
        "dedup_lookback_days": 4,
        # From midnight to 9:30: a session may go on for weeks.
        "session_gap_minutes": 570,
    },
]

WEIGHT_COLUMNS = ["event_type", "weight", "valid_from", "valid_to", "reason"]
WEIGHTS = [
    (
        ("login", "1", "", ""),
        ("report", "2.5", "", "2026-01-14"),
        ("report", "3", "2026-01-15", ""),
        ("support_ticket", "0", "", ""),
    ),
    (("login", "0.333333", "", ""), ("report", "2.5", "", ""), ("share", "6", "2026-01-10", "2026-01-20")),
    (
        ("login", "1", "", ""),
        ("report", "2.5", "", "2026-01-14"),
        ("report", "4", "2026-01-15", ""),
        ("odd", "1", "", ""),
    ),
]
SCALES = [
    (),
    (("first", "0", "1"), ("first", "6", "100")),
    (("first", "0", "1"), ("first", "6", "100"), ("second", "1", "1"), ("second", "4.5", "60"), ("second", "9", "90")),
    # Silence scores 1 all the same.
    (("first", "0", "20"), ("first", "7", "100")),
]
BANDS = [(1, 25, 50, 75), (1, 30, 50.5, 90)]
RULE = {"rule": "vanished", "max_share": "0.5", "min_expected_customers": "1"}
# Which event types and channels tell how customers come.
ROLES = [
    (("", "social", "social"), ("", "referral", "referral")),
    (("share", "", "invitation"), ("", "social", "social"), ("login", "web", "referral")),
    (("share", "", "referral"), ("", "social", "social"), ("login", "web", "referral")),
]
SHARES = [(("0.5", "50"), ("0.9", "90"), ("0.99", "100")), (("0.25", "40"), ("0.75", "100"))]


@dataclass(frozen=True)
class Event:
    """A row of the raw table `events`."""

    event_id: str
    customer_id: str
    event_type: str | None
    occurred_at: dt.datetime
    loaded_at: dt.datetime | None
    user_id: str | None = None
    amount: float | None = None
    channel: str | None = None

    def __repr__(self) -> str:
        words = [self.event_id, self.customer_id, self.event_type, self.occurred_at, "loaded", self.loaded_at]
        words += [self.user_id or "", "" if self.amount is None else self.amount, self.channel or ""]
        return " ".join(map(str, words)).strip()


@dataclass(frozen=True)
class Version:
    """A row of the raw table `customers`."""

    customer_id: str
    updated_at: dt.datetime | None
    plan: str | None = None
    region: str | None = None
    trial_started_at: dt.datetime | None = None
    subscribed_at: dt.datetime | None = None
    churned_at: dt.datetime | None = None

    def __repr__(self) -> str:
        given = {name: str(value) for name, value in vars(self).items() if value is not None}
        return " ".join(f"{name}={value}" for name, value in given.items())


@dataclass(frozen=True)
class Kill:
    """The end of a build before its end: after how many statements (a share of all), and what is there afterwards.

    `leaves` is `all` (what was done until then), `old_marts` (the marts as before, the work database as it is, as
    `make build` does it) or `old_marts_and_no_work` (the work database is lost too).
    """

    after: float
    leaves: str


@dataclass(frozen=True)
class State:
    """What a build finds. `deliveries` are files of events by name; `did` says how this state came about."""

    setting: int
    deliveries: dict[str, tuple[Event, ...]]
    versions: tuple[Version, ...]
    as_of_date: dt.date | None = None
    has_load_times: bool = True
    weights: int = 0
    scale: int = 0
    bands: int = 0
    shares: int = 0
    roles: int = 0
    did: tuple[str, ...] = ()
    kill: Kill | None = None

    @property
    def vars(self) -> dict:
        """The dbt vars of its build."""
        day = None if self.as_of_date is None else str(self.as_of_date)
        return {**SETTINGS[self.setting], "as_of_date": day, "max_rejected_share": 1.0}

    @property
    def seeds(self) -> dict[str, pd.DataFrame]:
        """The seeds that differ from the project's, as text."""
        weights = [(*row, "") for row in WEIGHTS[self.weights]]
        bands = zip(["engagement"] * 4, ["at risk", "low", "medium", "high"], map(str, BANDS[self.bands]), strict=True)
        return {
            "event_weights": pd.DataFrame(weights, columns=WEIGHT_COLUMNS, dtype=str),
            "engagement_scale": pd.DataFrame(
                SCALES[self.scale], columns=["scale_version", "points", "score"], dtype=str
            ),
            "population_scale": pd.DataFrame(SHARES[self.shares], columns=["point_share", "score"], dtype=str),
            "score_bands": pd.DataFrame(bands, columns=["metric", "band", "lower_edge"], dtype=str),
            "instrumentation_rules": pd.DataFrame([RULE], dtype=str),
            "event_types": pd.DataFrame(
                [(*row, "") for row in ROLES[self.roles]],
                columns=["event_type", "channel", "role", "reason"],
                dtype=str,
            ),
        }

    @property
    def events(self) -> list[Event]:
        """All events, in the order of their files."""
        return [event for name in sorted(self.deliveries) for event in self.deliveries[name]]

    def lines(self) -> list[str]:
        """The state as text, a fact a line."""
        facts = ["setting", "as_of_date", "has_load_times", "weights", "scale", "bands", "shares", "roles"]
        return [
            *(f"{name}: {getattr(self, name)}" for name in facts),
            *(f"{name}: {event}" for name in sorted(self.deliveries) for event in self.deliveries[name]),
            *(f"customers: {version}" for version in self.versions),
        ]


@dataclass(frozen=True)
class History:
    """The states in their order, and the days of a question: what was known of `on_date` on `known_on`?"""

    states: list[State]
    known_on: dt.date
    on_date: dt.date

    def __repr__(self) -> str:
        text, before = [f"History: known on {self.known_on} of {self.on_date}"], []
        for number, state in enumerate(self.states, 1):
            lines = state.lines()
            text.append(f"state {number} ({', '.join(state.did)}), {state.kill or 'built'}")
            text += [f"  - {line}" for line in before if line not in lines]
            text += [f"  + {line}" for line in lines if line not in before]
            text += ["  (rows in another order)"] if sorted(lines) == sorted(before) and lines != before else []
            before = lines
        return "\n".join(text)

    def _repr_pretty_(self, printer: object, _: bool) -> None:
        """What hypothesis shows."""
        printer.text(repr(self))


@dataclass
class Writer:
    """Draws one state after the other; numbers files and events."""

    draw: object
    files: int = 0
    ids: int = 0
    operations: dict = field(default_factory=dict)

    def one_of(self, values: list) -> object:
        """One of the values."""
        return self.draw(st.sampled_from(values))

    def number(self, low: int, high: int) -> int:
        """A whole number from low to high."""
        return self.draw(st.integers(low, high))

    def moment(self, low: int = 0, high: int = DAYS - 1) -> dt.datetime:
        """A moment of a day from the low to the high."""
        return dt.datetime.combine(FIRST_DAY + dt.timedelta(self.number(low, high)), self.one_of(TIMES))

    def lagging(self, moment: dt.datetime) -> dt.datetime | None:
        """A time of load for what happened at that moment; rarely none, or one that cannot be."""
        lag = self.one_of(LAGS)
        return None if lag is None else moment + dt.timedelta(days=lag)

    def event(self, low: int = 0, high: int = DAYS - 1, loaded_at: dt.datetime | None = None) -> Event:
        """A new event of one of those days."""
        self.ids += 1
        at = self.moment(low, high)
        who, kind = self.one_of(CUSTOMERS), self.one_of(TYPES)
        user, amount, channel = self.one_of(USERS), self.one_of(AMOUNTS), self.one_of(CHANNELS)
        return Event(f"e{self.ids}", who, kind, at, loaded_at or self.lagging(at), user, amount, channel)

    def version(self) -> Version:
        """A version of a customer; `eve` is nowhere else."""
        updated = self.one_of([None, *[self.moment()] * 3])
        dates = [self.one_of([None, None, self.moment()]) for _ in range(3)]
        return Version(self.one_of([*CUSTOMERS, "eve"]), updated, self.one_of(PLANS), self.one_of(PLANS[:2]), *dates)

    def delivered(self, state: State, events: list[Event]) -> State:
        """The state with one more file."""
        self.files += 1
        return replace(state, deliveries={**state.deliveries, f"events_{self.files:02}": tuple(events)})

    def place(self, state: State) -> tuple[str, int]:
        """File and position of one of the events."""
        return self.one_of([(name, i) for name in sorted(state.deliveries) for i in range(len(state.deliveries[name]))])

    def first_state(self) -> State:
        """What the first build finds."""
        state = State(self.number(0, len(SETTINGS) - 1), {}, (), did=("first",))
        for _ in range(self.number(1, 3)):
            state = self.delivered(state, [self.event() for _ in range(self.number(1, 10))])
        if self.draw(st.booleans()):
            state = self.delivered(state, crowd())
            state = replace(state, versions=crowd_versions())
        for _ in range(self.number(0, 4)):
            state = self.new_version(state)
        return self.configured(self.configured(state))

    def configured(self, state: State) -> State:
        """Another weight, scale, band, share or role."""
        seeds = [("weights", WEIGHTS), ("scale", SCALES), ("bands", BANDS), ("shares", SHARES), ("roles", ROLES)]
        name, values = self.one_of(seeds)
        return replace(state, **{name: self.number(0, len(values) - 1)})

    def late_file(self, state: State) -> State:
        """New events, loaded at one time after all others or on some day in between."""
        loaded_at = self.moment(DAYS // 2, DAYS + 4)
        last = (loaded_at.date() - FIRST_DAY).days
        events = [self.event(0, min(last, DAYS - 1), loaded_at) for _ in range(self.number(1, 4))]
        return self.delivered(state, events)

    def scattered_file(self, state: State) -> State:
        """New events, some of them under load dates that were built before."""
        return self.delivered(state, [self.event() for _ in range(self.number(1, 4))])

    def same_file_again(self, state: State) -> State:
        """A file delivered again in full, under its old load times or later."""
        events = state.deliveries[self.one_of(sorted(state.deliveries))]
        days = self.one_of([None, 0, 1, 3, 10])
        if days is not None:
            events = [later(event, days) for event in events]
        return self.delivered(state, list(events))

    def same_id_again(self, state: State) -> State:
        """An event's id once more, with the same content or another, loaded a few days later or earlier."""
        name, position = self.place(state)
        copy = later(state.deliveries[name][position], self.one_of([0, 1, 2, 3, 5, 8, -1, -3]))
        return self.delivered(state, [self.changed(copy) if self.draw(st.booleans()) else copy])

    def changed(self, event: Event) -> Event:
        """The event with another value in one place."""
        name = self.one_of(COLUMNS)
        value = {
            "customer_id": lambda: self.one_of(CUSTOMERS),
            "event_type": lambda: self.one_of([*TYPES, None]),
            "occurred_at": lambda: event.occurred_at + dt.timedelta(days=self.one_of([-5, -1, 1])),
            "loaded_at": lambda: self.lagging(event.occurred_at),
            "user_id": lambda: self.one_of(USERS),
            "amount": lambda: self.one_of(AMOUNTS),
            "channel": lambda: self.one_of(CHANNELS),
        }[name]()
        return replace(event, **{name: value})

    def edited_row(self, state: State) -> State:
        """One row is another, in its old place."""
        name, position = self.place(state)
        events = list(state.deliveries[name])
        events[position] = self.changed(events[position])
        return replace(state, deliveries={**state.deliveries, name: tuple(events)})

    def exchanged_values(self, state: State) -> State:
        """Two rows have each other's value of one column."""
        (name, position), (other_name, other_position) = self.place(state), self.place(state)
        column = self.one_of(COLUMNS)
        files = {file: list(events) for file, events in state.deliveries.items()}
        one, other = files[name][position], files[other_name][other_position]
        files[name][position] = replace(one, **{column: getattr(other, column)})
        files[other_name][other_position] = replace(other, **{column: getattr(one, column)})
        return replace(state, deliveries={file: tuple(events) for file, events in files.items()})

    def deleted_row(self, state: State) -> State:
        """One row is gone."""
        name, position = self.place(state)
        events = list(state.deliveries[name])
        del events[position]
        left = {**state.deliveries, name: tuple(events)}
        return replace(state, deliveries={name: events for name, events in left.items() if events} or state.deliveries)

    def deleted_file(self, state: State) -> State:
        """One file is gone, unless it is the only one."""
        gone = self.one_of(sorted(state.deliveries))
        left = {name: events for name, events in state.deliveries.items() if name != gone}
        return replace(state, deliveries=left or state.deliveries)

    def other_order(self, state: State) -> State:
        """The rows of one file in reverse, or the files under each other's names."""
        names = sorted(state.deliveries)
        if self.draw(st.booleans()):
            name = self.one_of(names)
            return replace(state, deliveries={**state.deliveries, name: state.deliveries[name][::-1]})
        reverse = zip(names, reversed(names), strict=True)
        return replace(state, deliveries={name: state.deliveries[other] for name, other in reverse})

    def other_load_times(self, state: State) -> State:
        """No load times any more, or load times again."""
        return replace(state, has_load_times=not state.has_load_times)

    def new_version(self, state: State) -> State:
        """A version more in the customer list, in the place of one with the same time."""
        return replace(state, versions=with_version(state.versions, self.version()))

    def deleted_version(self, state: State) -> State:
        """A version less in the customer list."""
        left = list(state.versions)
        if left:
            del left[self.number(0, len(left) - 1)]
        return replace(state, versions=tuple(left))

    def other_today(self, state: State) -> State:
        """Another day is today."""
        day = self.one_of([None, self.number(5, DAYS + 10)])
        return replace(state, as_of_date=None if day is None else FIRST_DAY + dt.timedelta(day))

    def other_setting(self, state: State) -> State:
        """Another window, half-life, zone and lookback."""
        return replace(state, setting=self.number(0, len(SETTINGS) - 1))

    def next_state(self, state: State) -> State:
        """What the next build finds."""
        often = [self.late_file, self.scattered_file, self.same_file_again, self.same_id_again, self.edited_row]
        often += [self.exchanged_values, self.deleted_row, self.new_version, self.configured]
        seldom = [self.deleted_file, self.other_order, self.other_load_times, self.deleted_version, self.other_today]
        seldom += [self.other_setting]
        state = replace(state, did=(), kill=None)
        for _ in range(self.number(0, 3)):
            operation = self.one_of([*often, *often, *seldom])
            state = replace(operation(state), did=(*state.did, operation.__name__))
        return state

    def kill(self) -> Kill | None:
        """How the build of a state ends early, if it does."""
        if not self.draw(st.booleans()):
            return None
        return Kill(self.number(0, 99) / 100, self.one_of(["all", "all", "old_marts", "old_marts_and_no_work"]))


def later(event: Event, days: int) -> Event:
    """The event as loaded so many days later."""
    return replace(event, loaded_at=(event.loaded_at or event.occurred_at) + dt.timedelta(days=days))


def with_version(versions: tuple[Version, ...], new: Version) -> tuple[Version, ...]:
    """The versions with the new one, without any of the same customer and time: two that disagree stop a build."""
    key = (new.customer_id, new.updated_at)
    return (*(old for old in versions if (old.customer_id, old.updated_at) != key), new)


def crowd() -> list[Event]:
    """Events of twenty more customers, some of whom come each week: ranks, segments and gaps need many."""
    return [
        Event(f"c{who}_{week}", f"k{who:02}", TYPES[who % 5], at, at + dt.timedelta(days=who % 3))
        for who in range(20)
        for week in range(5 if who < 4 else 1 + who % 2)
        for at in [dt.datetime.combine(FIRST_DAY + dt.timedelta(1 + who % 4 + 7 * week), dt.time(10))]
        if (who, week) not in [(0, 4), (1, 4)]
    ]


def crowd_versions() -> tuple[Version, ...]:
    """The crowd in the customer list, half of it on either plan."""
    since = dt.datetime.combine(FIRST_DAY, dt.time(8))
    return tuple(Version(f"k{who:02}", since, PLANS[1 + who % 2]) for who in range(20))


@st.composite
def histories(draw, max_states: int = 4) -> History:
    """A history of two or more states, of which the last is built to its end."""
    writer = Writer(draw)
    states = [writer.first_state()]
    for _ in range(writer.number(1, max_states - 1)):
        states[-1] = replace(states[-1], kill=writer.kill())
        states.append(writer.next_state(states[-1]))
    days = [FIRST_DAY + dt.timedelta(writer.number(0, DAYS + 4)) for _ in range(2)]
    return History(states, *days)


def write_raw(state: State, folder) -> None:
    """Writes the raw folder of a state: one Parquet file of events per delivery, and the customer list, if any."""
    folder.mkdir(parents=True)
    time = pa.timestamp("us")
    event = {"event_id": pa.string(), "customer_id": pa.string(), "event_type": pa.string(), "occurred_at": time}
    event |= {"loaded_at": time} if state.has_load_times else {}
    event |= {"user_id": pa.string(), "amount": pa.float64(), "channel": pa.string()}
    for name, rows in state.deliveries.items():
        write_parquet(rows, event, folder / f"{name}.parquet")
    if state.versions:
        names = ["updated_at", "trial_started_at", "subscribed_at", "churned_at"]
        version = {"customer_id": pa.string(), "plan": pa.string(), "region": pa.string(), **dict.fromkeys(names, time)}
        write_parquet(state.versions, version, folder / "customers.parquet")


def write_parquet(rows: tuple, types: dict[str, pa.DataType], path) -> None:
    """Writes dataclass rows, those fields that have a type."""
    columns = {name: pa.array([getattr(row, name) for row in rows], kind) for name, kind in types.items()}
    pq.write_table(pa.table(columns), path)
