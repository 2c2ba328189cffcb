"""Engagement over many builds: what is made anew and what is not, and that it is what a build from nothing makes."""

import csv
import os
import random
import shutil
import signal
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from oracle import engagement_as_known
from test_oracle import OF_TODAY

from ops import build as build_command
from ops.publish import SCHEMAS, Warehouse
from ops.run_dbt import DbtRun

WINDOW, LOOKBACK = 7, 5
# A score is compared with the four windows before its own.
REACH = 5 * WINDOW
FIRST_DAY, DAYS = date(2025, 1, 1), 60
# The marts of engagement, all that is kept from build to build, and what an audit needs.
BUILT = ["+path:models/marts/engagement", "+config.materialized:incremental", "+row_reconciliation", "+rejected_rows"]
# Far enough from both ends that some score dates lie out of its reach on either side.
OLD_DAY = FIRST_DAY + timedelta(12)
COLUMNS = ["event_id", "customer_id", "event_type", "occurred_at", "loaded_at", "user_id", "amount"]
SETTINGS = {
    "vars.yml": f"""\
score_window_days: {WINDOW}
dedup_lookback_days: {LOOKBACK}
score_half_life_days: 5
segment_columns: [plan]
min_answers: 1
""",
    "engagement_scale.csv": "scale_version,points,score\nfrozen,0,1\nfrozen,30,60\nfrozen,80,100\n",
}
CUSTOMERS = [
    "customer_id,updated_at,plan,churned_at",
    *(f"c{n:02},2025-01-01,{'pro' if n % 3 else 'free'}," for n in range(12)),
]
CUSTOMERS[-1] += "2025-02-10"


def load_days() -> dict[date, list[dict[str, str]]]:
    """Events by load day: 12 customers in 60 days, some late, some delivered twice, some broken."""
    chance = random.Random(20250101)
    days, events = {}, 0
    for number in range(DAYS):
        day = FIRST_DAY + timedelta(number)
        rows = days[day] = []
        for customer in range(12):
            for _ in range(chance.choice([0, 0, 1, 3])):
                events += 1
                late = chance.choice([1, 2, 3]) if number > 3 and chance.random() < 0.1 else 0
                rows.append(
                    {
                        "event_id": f"e{events:04}",
                        "customer_id": f"c{customer:02}",
                        "event_type": chance.choice(["login", "feature_used", "purchase", "mystery"]),
                        "occurred_at": f"{day - timedelta(late)} {chance.randrange(10, 20)}:00:00",
                        "loaded_at": f"{day} 21:00:00",
                        "user_id": chance.choice(["", "u1", "u2", "u3"]),
                        "amount": chance.choice(["", "9.5", "10"]),
                    }
                )
        if number % 5 == 4:
            again = {"loaded_at": f"{day} 22:00:00"}
            earlier = days[day - timedelta(2)]
            rows += [
                earlier[0] | again,
                earlier[1] | again | {"amount": "77"},
                # The same id for another event, long after the first: an event of its own.
                days[FIRST_DAY][number // 5 % 3] | again | {"occurred_at": f"{day} 20:00:00"},
            ]
        if number % 20 == 19:
            rows += [rows[0] | {"event_id": f"broken{number}", "amount": "1,5"}]
            # So late that its day lies before the lookback.
            rows += [rows[0] | {"event_id": f"late{number}", "occurred_at": f"{day - timedelta(11)} 09:00:00"}]
    return days


def write_events(path: Path, rows: list[dict[str, str]]) -> None:
    """Writes raw events as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def read_events(path: Path) -> list[dict[str, str]]:
    """The raw events of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def run_in_process(arguments: list[str], environment: dict[str, str], lock: int, folder: Path) -> DbtRun:
    """What `ops.run_dbt.run` does, without starting Python anew, and without data tests and what comes later."""
    chosen = ["--resource-type", "model", "--resource-type", "seed", "--select", *BUILT]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in environment.items():
            patch.setenv(name, value)
        done = dbtRunner().invoke(["--quiet", *arguments, *chosen])
        DuckDBConnectionManager.close_all_connections()
    return DbtRun(int(not done.success), errors=[str(done.exception)] if done.exception else [])


@contextmanager
def own_process_kept():
    """Undoes what the build command sets for its whole process."""
    umask = os.umask(0o022)
    os.umask(umask)
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        os.umask(umask)
        signal.signal(signal.SIGTERM, handler)


def build_quickly(raw: Path, warehouse: Path, *options: str, fails_at_its_end: bool = False) -> None:
    """`python -m ops.build`, in this process, without the data tests, or with one that fails when all else is done.

    Raises AssertionError where a build fails that should not.
    """

    def run(*arguments: object) -> DbtRun:
        done = run_in_process(*arguments)
        assert not done.returncode, done.errors
        return DbtRun(1, errors=["A test of the data failed."]) if fails_at_its_end else done

    with own_process_kept(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_command.run_dbt, "run", run)
        ended = build_command.main(["--raw", str(raw), "--warehouse", str(warehouse), *options])
    assert ended == int(fails_at_its_end)


def tables_of(folder: Path, where: Callable[[str], str]) -> dict[str, pa.Table]:
    """What a warehouse holds, but for the names of builds: its marts with what they keep, and the rejected rows."""
    warehouse = Warehouse(folder)
    found = {}
    for file, condition in {
        warehouse.published(): f"table_schema in {SCHEMAS}",
        warehouse.work_db: "table_name = 'rejected_rows'",
    }.items():
        # A file of its own for each connection: views name the database that they read.
        with duckdb.connect(str(file), read_only=True) as connection:
            names = connection.sql(f"""
                select table_schema, table_name, list(column_name) from information_schema.columns
                where table_catalog = current_database() and {condition} group by all
            """).fetchall()
            for schema, table, columns in names:
                kept = "* exclude (build_id)" if "build_id" in columns else "*"
                rows = connection.sql(f'select {kept} from "{schema}"."{table}" {where(table)}')
                found[f"{schema}.{table}"] = rows.to_arrow_table()
    return found


def differences(left: Path, right: Path, where: Callable[[str], str] = lambda table: "") -> dict[str, int]:
    """How many rows only one of two warehouses has, by table, where any; `where` narrows a table by its name."""
    left_tables, right_tables = tables_of(left, where), tables_of(right, where)
    assert left_tables.keys() == right_tables.keys() and len(left_tables) > 25
    found = {}
    with duckdb.connect() as connection:
        for table in left_tables:
            connection.register("one", left_tables[table])
            connection.register("other", right_tables[table])
            ((count,),) = connection.sql("""
                select count(*) from (
                    (from one except all from other) union all (from other except all from one)
                )
            """).fetchall()
            if count:
                found[table] = count
    return found


@dataclass(frozen=True)
class History:
    """A company's raw folder and its warehouse, in which all of the raw folder was built; `fresh` is a second one."""

    raw: Path
    warehouse: Path
    fresh: Path

    def events_of(self, day: date) -> Path:
        """The file that was delivered on a day."""
        return self.raw / "events" / f"{day}.csv"

    def build(self) -> tuple[set[date], set[date]]:
        """Builds what has changed; the load dates and the score dates that were made anew."""
        build_quickly(self.raw, self.warehouse)
        return self.made_anew()

    def made_anew(self) -> tuple[set[date], set[date]]:
        """The load dates and the score dates that the last build made anew."""
        with duckdb.connect(str(Warehouse(self.warehouse).work_db), read_only=True) as work:
            loads = work.sql("select load_date from int_event_loads where is_stale").fetchall()
            scores = work.sql("select score_date from int_score_dates where is_stale").fetchall()
        return {day for (day,) in loads}, {day for (day,) in scores}

    def differences_from_a_full_refresh(self) -> dict[str, int]:
        """Rows in which the warehouse differs from one built from the raw folder alone."""
        build_quickly(self.raw, self.fresh, "--full-refresh")
        return differences(self.warehouse, self.fresh)

    def query(self, sql: str) -> list[tuple]:
        """The result of a query over the published marts."""
        with duckdb.connect(str(Warehouse(self.warehouse).link), read_only=True) as marts:
            return marts.sql(sql).fetchall()

    def events_by_verdict(self) -> tuple[int, ...]:
        """Raw, accepted, duplicate and rejected events."""
        (counts,) = self.query("""
            select raw_rows, accepted, duplicates, rejected from row_reconciliation where source_table = 'events'
        """)
        assert counts[0] == sum(counts[1:]) == sum(len(read_events(path)) for path in self.raw.glob("events/*.csv"))
        return counts


@pytest.fixture(scope="module")
def built_history(tmp_path_factory) -> tuple[History, Path]:
    """A history that was built once, and a copy of it."""
    folder = tmp_path_factory.mktemp("history")
    now = folder / "now"
    history = History(now / "raw", now / "warehouse", folder / "fresh")
    for day, rows in load_days().items():
        write_events(history.events_of(day), rows)
    (history.raw / "customers.csv").write_text("\n".join(CUSTOMERS) + "\n")
    (history.raw / "settings").mkdir()
    for name, text in SETTINGS.items():
        (history.raw / "settings" / name).write_text(text)
    build_quickly(history.raw, history.warehouse)
    shutil.copytree(now, folder / "copy", symlinks=True)
    return history, folder / "copy"


@pytest.fixture
def history(built_history) -> History:
    """The history as it was built, whatever another test made of it; under the same paths, lest dbt parses anew."""
    history, copy = built_history
    shutil.rmtree(history.raw.parent)
    shutil.copytree(copy, history.raw.parent, symlinks=True)
    return history


def window_after(activity_days: set[date], last_day: date) -> set[date]:
    """The score dates that an event of one of these days bears on."""
    reached = {day + timedelta(age) for day in activity_days for age in range(REACH)}
    return {day for day in reached if day <= last_day}


def loads_that_look_at(day: date, raw: Path) -> set[date]:
    """The load dates on which a row may be a copy of one loaded on `day`."""
    earliest = {}
    for path in raw.glob("events/*.csv"):
        for row in read_events(path):
            load, occurred = (date.fromisoformat(row[name][:10]) for name in ("loaded_at", "occurred_at"))
            earliest[load] = min(occurred - timedelta(1), load - timedelta(LOOKBACK), earliest.get(load, load))
    return {load for load, first in earliest.items() if first <= day <= load}


def activity_days(rows: list[dict[str, str]]) -> set[date]:
    """The days on which events occurred."""
    return {date.fromisoformat(row["occurred_at"][:10]) for row in rows}


LAST_DAY = FIRST_DAY + timedelta(DAYS - 1)


def test_a_build_after_which_nothing_changed_makes_nothing_anew(history):
    assert history.build() == (set(), set())
    assert history.differences_from_a_full_refresh() == {}


def test_a_new_day_makes_anew_that_day_and_the_score_dates_that_its_events_touch(history):
    today = LAST_DAY + timedelta(1)
    rows = [
        row | {"event_id": f"new{row['event_id']}", "loaded_at": f"{today} 21:00:00", "occurred_at": occurred}
        for row, occurred in zip(
            read_events(history.events_of(LAST_DAY))[:3],
            [f"{today} 10:00:00", f"{today - timedelta(3)} 10:00:00", f"{today - timedelta(20)} 10:00:00"],
            strict=True,
        )
    ]
    write_events(history.events_of(today), rows)
    loads, scores = history.build()
    assert loads == {today}
    assert scores == window_after(activity_days(rows), today)
    assert FIRST_DAY not in scores and today in scores
    assert history.differences_from_a_full_refresh() == {}


def delete_rows(history: History) -> set[date]:
    """Deletes five rows of an old day; returns their activity days."""
    rows = read_events(history.events_of(OLD_DAY))
    write_events(history.events_of(OLD_DAY), rows[5:])
    return activity_days(rows[:5])


def edit_a_row(history: History) -> set[date]:
    """Makes a login of an old day a purchase; returns its activity day."""
    rows = read_events(history.events_of(OLD_DAY))
    row = next(row for row in rows if row["event_type"] == "login")
    row["event_type"] = "purchase"
    write_events(history.events_of(OLD_DAY), rows)
    return activity_days([row])


def exchange_amounts(history: History) -> set[date]:
    """Exchanges the amounts of two events of an old day; nobody was active on other days for that."""
    rows = read_events(history.events_of(OLD_DAY))
    first, *others = rows[5:]
    other = next(row for row in others if row["amount"] != first["amount"])
    first["amount"], other["amount"] = other["amount"], first["amount"]
    write_events(history.events_of(OLD_DAY), rows)
    return set()


def deliver_again(history: History) -> set[date]:
    """Delivers an old day's file again; nobody was active on other days for that."""
    shutil.copyfile(history.events_of(OLD_DAY), history.raw / "events" / "delivered_again.csv")
    return set()


@pytest.mark.parametrize("change", [delete_rows, edit_a_row, exchange_amounts, deliver_again])
def test_raw_history_that_changed_behind_our_back_is_noticed(change, history):
    raw, accepted, duplicates, rejected = history.events_by_verdict()
    touched = change(history)
    loads, scores = history.build()
    assert loads_that_look_at(OLD_DAY, history.raw) <= loads and min(loads) == OLD_DAY
    if change is not delete_rows:
        # A deleted row makes all later ones move up by one position.
        assert loads == loads_that_look_at(OLD_DAY, history.raw)
    assert scores == window_after(touched, LAST_DAY)
    assert len(scores) < DAYS
    rows = len(read_events(history.events_of(OLD_DAY)))
    assert (
        history.events_by_verdict()
        == {
            # Two of the five came again later, once the same and once changed: now these count.
            delete_rows: (raw - 5, accepted - 3, duplicates - 1, rejected - 1),
            edit_a_row: (raw, accepted, duplicates, rejected),
            exchange_amounts: (raw, accepted, duplicates, rejected),
            deliver_again: (raw + rows, accepted, duplicates + rows, rejected),
        }[change]
    )


def test_a_changed_weight_makes_anew_the_score_dates_from_then_on_without_reading_events(history):
    changed_on = LAST_DAY - timedelta(20)
    (history.raw / "settings" / "event_weights.csv").write_text(
        "event_type,weight,valid_from,valid_to,reason\n"
        f"login,1,,{changed_on - timedelta(1)},as before\nlogin,2.5,{changed_on},,worth more\n"
    )
    loads, scores = history.build()
    assert loads == set()
    assert scores == {changed_on + timedelta(number) for number in range(21)}
    assert history.differences_from_a_full_refresh() == {}


def test_without_load_times_each_build_reads_everything(history):
    for path in history.raw.glob("events/*.csv"):
        write_events(path, [row | {"loaded_at": ""} for row in read_events(path)])
    history.build()
    loads, scores = history.build()
    assert len(loads) >= DAYS
    assert scores == set()
    # What reads everything anew each time is that the digests are of their build alone.
    assert history.differences_from_a_full_refresh().keys() == {"main_history.int_activity_daily_digests"}


def test_a_failed_build_leaves_nothing_that_makes_the_next_one_differ(history):
    good = history.events_of(OLD_DAY).read_bytes()
    for number in range(10):
        path = history.events_of(OLD_DAY + timedelta(number))
        write_events(path, [row | {"amount": "much"} for row in read_events(path)])
    (history.raw / "settings" / "event_weights.csv").write_text(
        "event_type,weight,valid_from,valid_to,reason\nlogin,9,,,a mistake\n"
    )
    before = Warehouse(history.warehouse).published()
    build_quickly(history.raw, history.warehouse, fails_at_its_end=True)
    assert Warehouse(history.warehouse).published() == before

    (history.raw / "settings" / "event_weights.csv").unlink()
    for day, rows in load_days().items():
        write_events(history.events_of(day), rows)
    assert history.events_of(OLD_DAY).read_bytes() == good
    history.build()
    assert history.differences_from_a_full_refresh() == {}


def others_that_moved(history: History, columns: list[str]) -> int:
    """Builds one customer's many new events; how many rows of all other customers differ in `columns` from before."""
    names = ", ".join(columns)
    before = Warehouse(history.warehouse).published()
    rows = [row for path in sorted(history.raw.glob("events/*.csv")) for row in read_events(path)]
    rows = [row | {"event_id": f"more{row['event_id']}", "event_type": "purchase"} for row in rows[::3]]
    write_events(history.raw / "events" / "more.csv", [row | {"customer_id": "c03"} for row in rows])
    build_quickly(history.raw, history.warehouse)
    own = "select max(points) from fct_engagement_scores where customer_id = 'c03'"
    with duckdb.connect(str(before), read_only=True) as marts:
        assert marts.sql(own).fetchall() < history.query(own)
        scores = marts.sql(f"select customer_id, score_date, {names} from fct_engagement_scores").fetchall()
    now = history.query(f"select customer_id, score_date, {names} from fct_engagement_scores")
    assert len(now) == len(scores)
    return sum(row[0] != "c03" for row in set(now) - set(scores))


def test_on_a_frozen_scale_a_customer_moves_only_when_it_does(history):
    columns = ["points", "engagement_score", "status", "engagement_band", "previous_score", "score_change"]
    assert others_that_moved(history, columns) == 0


def test_on_the_scale_of_the_population_everybody_moves_when_one_does(history):
    (history.raw / "settings" / "engagement_scale.csv").unlink()
    build_quickly(history.raw, history.warehouse)
    assert others_that_moved(history, ["engagement_score"]) > 0


@pytest.mark.parametrize(("known_on", "scored_on"), [(30, 30), (45, 44)])
def test_a_replayed_score_is_what_the_oracle_knows_of_that_day(known_on, scored_on, built_history):
    history, copy = built_history
    day, score_date = FIRST_DAY + timedelta(known_on), FIRST_DAY + timedelta(scored_on)
    expected = engagement_as_known(copy / "raw", day, score_date)
    columns = ["customer_id", "event_count", "active_days", "points", "engagement_score"]
    warehouse = Warehouse(copy / "warehouse")
    with duckdb.connect(str(warehouse.published()), read_only=True) as marts:
        found = marts.execute(
            f"select {', '.join(columns)} from engagement_as_known($1, $2) order by customer_id", [day, score_date]
        ).fetchall()
        today = marts.execute("select points from fct_engagement_scores where score_date = $1", [score_date]).fetchall()
    assert found == [tuple(row) for row in expected.sort_values("customer_id")[columns].itertuples(index=False)]
    assert sorted(row[3] for row in found) != sorted(points for (points,) in today)


def test_a_restated_score_was_known_before_and_after_as_the_restatement_says(demo, build):
    with duckdb.connect(str(build(demo).marts), read_only=True) as marts:
        # A few days with all their customers, since each day is a query of its own.
        days = marts.sql("""
            select restated_on, score_date from score_restatements
            group by restated_on, score_date having count(*) >= 20
            order by md5(concat(restated_on, score_date)) limit 10
        """).fetchall()
        compared = 0
        for restated_on, score_date in days:
            ((rows, wrong),) = marts.execute(
                """
                select
                    count(*),
                    count(*) filter (
                        where (points_before, score_before) is distinct from (before.points, before.engagement_score)
                            or (points_after, score_after) is distinct from (after.points, after.engagement_score)
                    )
                from score_restatements as restated
                left join engagement_as_known($1, $2) as before using (customer_id, score_date)
                left join engagement_as_known($3, $2) as after using (customer_id, score_date)
                where restated.score_date = $2 and restated.restated_on = $3
                """,
                [restated_on - timedelta(1), score_date, restated_on],
            ).fetchall()
            assert not wrong
            compared += rows
    assert compared >= 200


def test_receipts_add_up_for_every_customer_and_date(demo, build):
    with duckdb.connect(str(build(demo).marts), read_only=True) as marts:
        months = marts.sql("""
            select distinct date_trunc('month', score_date), last_day(score_date) from fct_engagement_scores
            order by all
        """).fetchall()
        for month in months:
            wrong = marts.execute(
                """
                with receipts as (
                    select customer_id, score_date, sum(points) as points, sum(event_count) as event_count
                    from fct_engagement_contributions
                    where score_date between $1 and $2
                    group by all
                ),

                changes as (
                    select customer_id, score_date, sum(points_change) as points_change
                    from fct_engagement_changes
                    where score_date between $1 and $2
                    group by all
                )

                select customer_id, score_date
                from (from fct_engagement_scores where score_date between $1 and $2) as scores
                full join receipts using (customer_id, score_date)
                full join changes using (customer_id, score_date)
                where
                    scores.points is distinct from coalesce(receipts.points, 0)
                    or scores.event_count is distinct from coalesce(receipts.event_count, 0)
                    or coalesce(scores.points_change, 0) <> coalesce(changes.points_change, 0)
                limit 5
                """,
                list(month),
            ).fetchall()
            assert not wrong
    assert len(months) > 12


def test_tables_do_not_depend_on_threads_or_the_time_zone_of_the_machine(demo, build, monkeypatch):
    def today(table: str) -> str:
        return "where score_date = as_of_date" if table in OF_TODAY else ""

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    in_tokyo = build(demo, threads=4)
    assert in_tokyo.returncode == 0, in_tokyo.output
    assert differences(build(demo).warehouse, in_tokyo.warehouse, today) == {}
