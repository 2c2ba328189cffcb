"""Over random loads of a few events the sessions kept from build to build are those of a walk over all events."""

import datetime as dt
import tempfile
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from histories import Event, State, write_raw
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sql_builds import Project, Warehouse, compile_project

SELECTED = ["--resource-type", "model", "--resource-type", "seed", "--select", "+int_sessions"]
# Each differs from another in one setting alone. In Bucharest 29 March 2026 lasts an hour less: 24 hours leap over it.
SETTINGS = [
    {"session_gap_minutes": 30, "reporting_timezone": "Europe/Bucharest"},
    {"session_gap_minutes": 1440, "reporting_timezone": "Europe/Bucharest"},
    {"session_gap_minutes": 30, "reporting_timezone": "America/St_Johns"},
]
TODAY = [None, dt.date(2026, 3, 28), dt.date(2026, 3, 29), dt.date(2026, 3, 30)]
# Midnights of the zones, and hours from which a few steps of the gap reach them.
STARTS = [dt.datetime(2026, 3, 28, hour, minute) for hour in (2, 12, 21, 22) for minute in (0, 30)]
STARTS += [dt.datetime(2026, 3, day) for day in (28, 29, 30)]
MICROSECOND = dt.timedelta(microseconds=1)
VISITORS = [(customer, user) for customer in ("ann", "ann:", "bob") for user in (None, "u1", "u2")]


@dataclass
class Writer:
    """Draws one state after the other, and numbers events and files."""

    draw: object
    ids: int = 0
    files: int = 0

    def one_of(self, values: list) -> object:
        """One of the values."""
        return self.draw(st.sampled_from(values))

    def step(self) -> dt.timedelta:
        """A pause, mostly of about the gap of some setting."""
        gap = dt.timedelta(minutes=self.one_of(SETTINGS)["session_gap_minutes"])
        return self.one_of([dt.timedelta(0), gap - MICROSECOND, gap, gap, gap + MICROSECOND, gap / 2, 2 * gap])

    def events(self) -> list[Event]:
        """Events, each a pause after the one before, of a visitor or two, loaded at once or days later."""
        visitors = [self.one_of(VISITORS) for _ in range(self.one_of([1, 1, 2]))]
        at, events = self.one_of(STARTS), []
        for _ in range(self.draw(st.integers(1, 6))):
            self.ids += 1
            customer, user = self.one_of(visitors)
            loaded_at = at + dt.timedelta(days=self.one_of([0, 0, 0, 1, 2]))
            events.append(Event(f"e{self.ids}", customer, self.one_of(["login", "odd"]), at, loaded_at, user))
            at += self.step()
        return events

    def delivered(self, state: State) -> State:
        """The state with one more file, whose events may be older than others."""
        self.files += 1
        events = self.events()
        self.draw(st.randoms(use_true_random=False)).shuffle(events)
        return replace(state, deliveries={**state.deliveries, f"events_{self.files:02}": tuple(events)})

    def changed(self, state: State) -> State:
        """The state with one event gone, or at another time, or of another visitor."""
        name = self.one_of(sorted(state.deliveries))
        events = list(state.deliveries[name])
        event = events.pop(self.draw(st.integers(0, len(events) - 1)))
        if self.draw(st.booleans()):
            (customer, user), step = self.one_of(VISITORS), self.step()
            moved = replace(event, occurred_at=event.occurred_at + step, loaded_at=event.loaded_at + step)
            events.append(self.one_of([moved, replace(event, customer_id=customer, user_id=user)]))
        files = {**state.deliveries, name: tuple(events)}
        return replace(state, deliveries={name: events for name, events in files.items() if events})

    def next_state(self, state: State) -> State:
        """What the next build finds."""
        for _ in range(self.draw(st.integers(1, 2))):
            step = self.one_of([self.delivered, self.delivered, self.changed, self.told_otherwise])
            # A company without any events is another matter.
            state = step(state) if state.deliveries else self.delivered(state)
        return state if state.deliveries else self.delivered(state)

    def told_otherwise(self, state: State) -> State:
        """The state with another gap and zone, or another today."""
        if self.draw(st.booleans()):
            return replace(state, as_of_date=self.one_of(TODAY))
        return replace(state, setting=self.draw(st.integers(0, len(SETTINGS) - 1)))


@st.composite
def histories(draw) -> list[State]:
    """Two to four states, each built on the one before."""
    writer = Writer(draw)
    states = [writer.delivered(State(draw(st.integers(0, len(SETTINGS) - 1)), {}, ()))]
    for _ in range(draw(st.integers(1, 3))):
        states.append(writer.next_state(states[-1]))
    return states


def sessions_of(state: State) -> list[tuple]:
    """The sessions of a state, as rows of int_sessions: one walk over all events of each visitor that have happened."""
    setting = SETTINGS[state.setting]
    zone, gap = ZoneInfo(setting["reporting_timezone"]), dt.timedelta(minutes=setting["session_gap_minutes"])

    def day(moment: dt.datetime) -> dt.date:
        return moment.replace(tzinfo=dt.UTC).astimezone(zone).date()

    times: dict[tuple, list[dt.datetime]] = {}
    for event in state.events:
        if state.as_of_date is None or day(event.occurred_at) <= state.as_of_date:
            times.setdefault((event.customer_id, event.user_id), []).append(event.occurred_at)
    rows = []
    for visitor, moments in times.items():
        runs: list[list[dt.datetime]] = []
        for moment in sorted(moments):
            if runs and moment - runs[-1][-1] <= gap:
                runs[-1].append(moment)
            else:
                runs.append([moment])
        for run in runs:
            seconds = Decimal((run[-1] - run[0]) // MICROSECOND) / 1_000_000
            rows.append((*visitor, day(run[0]), run[0], run[-1], len(run), seconds))
    return sorted(rows, key=str)


@pytest.fixture(scope="module")
def project(new_dbt, tmp_path_factory) -> Project:
    """The models of sessions, compiled for each of the settings."""
    folder = tmp_path_factory.mktemp("session_project")
    start = STARTS[0]
    write_raw(State(0, {"events": (Event("e", "ann", "login", start, start),)}, ()), folder / "raw")
    return compile_project(new_dbt(), folder, folder / "raw", SELECTED, SETTINGS)


def test_kept_sessions_are_those_of_all_events(project):
    @seed(0)
    @settings(
        max_examples=40,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories())
    def hold(states: list[State]) -> None:
        with tempfile.TemporaryDirectory() as folder, Warehouse(project) as warehouse:
            for number, state in enumerate(states):
                raw_folder = Path(folder) / str(number)
                write_raw(state, raw_folder)
                warehouse.build(state, raw_folder)
                found = warehouse.connection.sql("from customer_scores.main_history.int_sessions").fetchall()
                assert sorted(found, key=str) == sessions_of(state), f"state {number}"

    hold()
