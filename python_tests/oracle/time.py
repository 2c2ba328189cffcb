"""Who was there in which month and in which segment; sessions, time on site and activity.

Days are whole numbers since 1970, times microseconds, months positions in `Timeline.months`: sums and order are exact.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from .customers import Evidence
from .engagement import SCALED, Panel, exact
from .surveys import over

# Later than any day, and far enough apart to keep the customers' lines of time from touching.
NEVER = 10**6
MINUTE = 60 * SCALED


class Segments(NamedTuple):
    """The history of one dimension by customer and first day; codes are positions in `values`."""

    values: np.ndarray
    customer: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    code: np.ndarray

    def on(self, customer: np.ndarray, day: np.ndarray) -> np.ndarray:
        """The code of each customer's segment on its day, which does not lie before first sight."""
        place = np.searchsorted(self.customer * NEVER + self.begin, customer * NEVER + day, side="right") - 1
        return self.code[place]


class Timeline(NamedTuple):
    """What everything by month rests on; customers are those of `dim_customers`, in its order.

    `last_day` is the last day on which a customer was observed: of churn, or today. `churned` is NEVER for others.
    `events` has customer, visitor, user (-1 for the account itself), day, micros, month, type and is_weighted, in the
    order of the accepted events. `scaffold` says for each dimension in which months each value has a row.
    """

    customers: np.ndarray
    users: np.ndarray
    first_seen: np.ndarray
    observed_from: np.ndarray
    churned: np.ndarray
    last_day: np.ndarray
    first_date: int
    as_of: int
    months: np.ndarray
    events: pd.DataFrame
    segments: dict[str, Segments]
    scaffold: dict[str, np.ndarray]

    def last_days(self) -> np.ndarray:
        """The last day of each month that has come."""
        return np.minimum(first_days(self.months + 1) - 1, self.as_of)

    def period(self, month: np.ndarray) -> dict[str, np.ndarray]:
        """The columns that say which month a row is of."""
        end = first_days(self.months[month] + 1) - 1
        return {
            "period_start": as_times(first_days(self.months[month])),
            "period_end": as_times(end),
            "is_complete": end <= self.as_of,
        }


def day_numbers(days: pd.Series) -> np.ndarray:
    """Days as numbers; NEVER for NaT."""
    days = days.to_numpy("datetime64[D]")
    return np.where(np.isnat(days), NEVER, days.astype(np.int64))


def month_numbers(days: np.ndarray) -> np.ndarray:
    """The month of each day, as months since 1970."""
    return np.asarray(days).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def first_days(months: np.ndarray) -> np.ndarray:
    """The first day of each month."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def as_times(days: np.ndarray) -> np.ndarray:
    """Numbers of days as published; NEVER becomes NaT."""
    times = np.asarray(days, np.int64).astype("datetime64[D]").astype("datetime64[us]")
    return np.where(days == NEVER, np.datetime64("NaT", "us"), times)


def tally(shape: tuple[int, ...], place: tuple[np.ndarray, ...], amount: np.ndarray | int = 1) -> np.ndarray:
    """Sums of the amounts that fall into each place."""
    sums = np.zeros(shape, np.int64)
    np.add.at(sums, place, amount)
    return sums


def distinct(**columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """The different rows of some columns, column by column."""
    rows = pd.DataFrame(columns).drop_duplicates()
    return tuple(rows[name].to_numpy() for name in columns)


def build_timeline(evidence: Evidence, dim: pd.DataFrame, segments: pd.DataFrame, panel: Panel) -> Timeline:
    """Place customers, segments and events in days and months."""
    as_of = int(day_numbers(pd.Series([evidence.as_of]))[0])
    first_date = int(day_numbers(pd.Series([evidence.first_day], dtype="datetime64[us]"))[0])
    churned = day_numbers(dim["churn_day"])
    months = np.arange(month_numbers(first_date), month_numbers(as_of) + 1)
    user, users = pd.factorize(evidence.events["user_id"])
    lines = panel.lines.iloc[panel.line_of].reset_index(drop=True)
    day = day_numbers(evidence.events["day"])
    events = pd.DataFrame(
        {
            "customer": lines["customer"].to_numpy(np.int64),
            "visitor": lines["customer"].to_numpy(np.int64) * (len(users) + 1) + user + 1,
            "user": user,
            "day": day,
            "micros": evidence.events["occurred_at"].to_numpy("datetime64[us]").astype(np.int64),
            "month": month_numbers(day) - months[0] if len(months) else 0,
            "type": lines["type"].to_numpy(np.int64),
            "is_weighted": (lines["weight"] > 0).to_numpy(),
        }
    )
    customers = pd.Index(dim["customer_id"])
    timeline = Timeline(
        customers=customers.to_numpy(object),
        users=np.array([*users, None], object),
        first_seen=day_numbers(dim["first_seen_date"]),
        observed_from=day_numbers(dim["observed_from"]),
        churned=churned,
        last_day=np.minimum(churned, as_of),
        first_date=first_date,
        as_of=as_of,
        months=months,
        events=events,
        segments={name: place_segments(own, customers) for name, own in segments.groupby("segment_dimension")},
        scaffold={},
    )
    for name, own in timeline.segments.items():
        present = stays(timeline, own, timeline.first_seen)
        place = (present["code"], present["month"])
        timeline.scaffold[name] = tally((len(own.values), len(months)), place) > 0
    return timeline


def place_segments(own: pd.DataFrame, customers: pd.Index) -> Segments:
    """One dimension of `customer_segments`."""
    code, values = pd.factorize(own["segment_value"].to_numpy(object), sort=True)
    columns = (customers.get_indexer(own["customer_id"]), day_numbers(own["valid_from"]), day_numbers(own["valid_to"]))
    order = np.lexsort(columns[1::-1])
    return Segments(values, *(column[order] for column in columns), code[order])


def stays(timeline: Timeline, own: Segments, since: np.ndarray) -> pd.DataFrame:
    """The days for which each customer was in a segment in a month, counted from a day of each customer's own.

    One row per span of the history and month with such a day: customer, code, month, days.
    """
    begin = np.maximum(np.maximum(own.begin, since[own.customer]), timeline.first_date)
    end = np.minimum(own.end, timeline.last_day[own.customer])
    there = np.flatnonzero(begin <= end)
    begin, end = begin[there], end[there]
    first = month_numbers(begin)
    many = month_numbers(end) - first + 1
    span = np.repeat(np.arange(len(there)), many)
    month = first[span] + np.arange(len(span)) - np.repeat(many.cumsum() - many, many)
    days = np.minimum(end[span], first_days(month + 1) - 1) - np.maximum(begin[span], first_days(month)) + 1
    position = month - timeline.months[0] if len(timeline.months) else month
    which = there[span]
    return pd.DataFrame({"customer": own.customer[which], "code": own.code[which], "month": position, "days": days})


def by_segment(
    timeline: Timeline,
    measure: Callable[[Segments, tuple[int, int]], dict[str, np.ndarray]],
    beyond: tuple[str, ...] = (),
) -> pd.DataFrame:
    """The rows of the scaffold with what `measure` finds for each dimension, in arrays of values × months.

    Where a measure named in `beyond` is not 0 there is a row too, whatever the scaffold says.
    """
    pieces = []
    for dimension, own in timeline.segments.items():
        rows = timeline.scaffold[dimension]
        found = measure(own, rows.shape)
        code, month = np.nonzero(np.logical_or.reduce([rows, *(found[name] > 0 for name in beyond)]))
        place = {"segment_dimension": np.full(len(code), dimension, object), "segment_value": own.values[code]}
        counts = {name: counts[code, month] for name, counts in found.items()}
        pieces.append(pd.DataFrame({**place, **timeline.period(month), **counts}))
    return pd.concat(pieces, ignore_index=True)


# --- Sessions --------------------------------------------------------------------------------------------------------


def find_sessions(events: pd.DataFrame, gap_minutes: int) -> pd.DataFrame:
    """One row per session: customer, visitor, user, day, month, events, started, ended and micros between them."""
    visitor, micros = (events[name].to_numpy() for name in ("visitor", "micros"))
    order = np.lexsort([micros, visitor])
    visitor, micros = visitor[order], micros[order]
    goes_on = (np.diff(visitor) == 0) & (np.diff(micros) <= gap_minutes * MINUTE)
    first = np.flatnonzero(np.append(True, ~goes_on)[: len(order)])
    last = np.append(first, len(order))[1:] - 1
    sessions = events.iloc[order[first]][["customer", "visitor", "user", "day", "month"]].reset_index(drop=True)
    started, ended = micros[first], micros[last]
    return sessions.assign(events=last - first + 1, started=started, ended=ended, micros=ended - started)


def session_table(timeline: Timeline, sessions: pd.DataFrame) -> pd.DataFrame:
    """The table `fct_sessions`."""
    return pd.DataFrame(
        {
            "customer_id": timeline.customers[sessions["customer"]],
            "user_id": timeline.users[sessions["user"]],
            "session_date": as_times(sessions["day"].to_numpy()),
            "started_at": sessions["started"].to_numpy().view("datetime64[us]"),
            "ended_at": sessions["ended"].to_numpy().view("datetime64[us]"),
            "event_count": sessions["events"],
            "session_seconds": exact(sessions["micros"]),
        }
    )


def add_averages(table: pd.DataFrame, per: dict[str, str]) -> pd.DataFrame:
    """The table with `micros` as total_seconds, and as an average for each of the counts."""
    micros = table.pop("micros").to_numpy()
    averages = {name: over(micros / SCALED, table[count]) for name, count in per.items()}
    return table.assign(total_seconds=exact(micros), **averages)


def site_time(timeline: Timeline, sessions: pd.DataFrame) -> pd.DataFrame:
    """The table `site_time`."""
    customer, visitor, day, month, micros = (
        sessions[name].to_numpy() for name in ("customer", "visitor", "day", "month", "micros")
    )

    def measure(own: Segments, shape: tuple[int, int]) -> dict[str, np.ndarray]:
        code = own.on(customer, day)
        return {
            "sessions": tally(shape, (code, month)),
            "unique_visitors": tally(shape, distinct(code=code, month=month, visitor=visitor)[:2]),
            "micros": tally(shape, (code, month), micros),
        }

    per = {"average_seconds_per_visitor": "unique_visitors", "average_seconds_per_session": "sessions"}
    return add_averages(by_segment(timeline, measure), per)


def customer_site_time(timeline: Timeline, sessions: pd.DataFrame) -> pd.DataFrame:
    """The table `customer_site_time`."""
    groups = sessions.groupby(["customer", "month"])
    table = groups.agg(
        sessions=("visitor", "size"), unique_visitors=("visitor", "nunique"), micros=("micros", "sum")
    ).reset_index()
    place = {"customer_id": timeline.customers[table["customer"]], **timeline.period(table["month"].to_numpy())}
    table = pd.DataFrame({**place, **table[["sessions", "unique_visitors", "micros"]]})
    return add_averages(table, {"average_seconds_per_visitor": "unique_visitors"})


# --- Activity --------------------------------------------------------------------------------------------------------


def customer_activity(timeline: Timeline, observed: pd.DataFrame) -> pd.DataFrame:
    """The table `customer_activity`; `observed` are the events of days on which their customer was observed."""
    everybody = stays(timeline, timeline.segments["all"], timeline.observed_from)
    everybody = everybody.sort_values(["customer", "month"], ignore_index=True)
    shape = (len(timeline.customers), len(timeline.months))
    names = ["customer", "month", "day", "visitor", "type"]
    columns = {name: observed[name].to_numpy() for name in names}
    place = {name: columns[name] for name in names[:2]}
    user_days = distinct(**place, day=columns["day"], visitor=columns["visitor"])
    weighted = {name: column[observed["is_weighted"].to_numpy()] for name, column in columns.items()}
    counts = {
        "active_days": distinct(**place, day=columns["day"]),
        "event_count": tuple(place.values()),
        "active_users": distinct(**place, visitor=columns["visitor"]),
        "user_days": user_days,
        "feature_breadth": distinct(**{name: weighted[name] for name in ("customer", "month", "type")}),
    }
    cell = (everybody["customer"].to_numpy(), everybody["month"].to_numpy())
    table = pd.DataFrame(
        {
            "customer_id": timeline.customers[cell[0]],
            **timeline.period(cell[1]),
            "days": everybody["days"],
            **{name: tally(shape, rows[:2])[cell] for name, rows in counts.items()},
        }
    )
    daily_users = over(table["user_days"], table["days"])
    return table.assign(
        active_day_share=over(table["active_days"], table["days"]),
        mean_daily_users=daily_users,
        stickiness=over(daily_users, table["active_users"]),
    )


def segment_activity(timeline: Timeline, observed: pd.DataFrame) -> pd.DataFrame:
    """The table `segment_activity`; `observed` as for `customer_activity`."""
    columns = {name: observed[name].to_numpy() for name in ("customer", "month", "day", "type")}
    customer, month, day = distinct(**{name: columns[name] for name in ("customer", "month", "day")})
    weighted = {name: column[observed["is_weighted"].to_numpy()] for name, column in columns.items()}
    uses = dict(zip(("customer", "month", "day", "type"), distinct(**weighted), strict=True))
    # Somebody had the first event of all, and has been observed since.
    begin = np.maximum(first_days(timeline.months), timeline.observed_from.min(initial=NEVER))
    days = np.maximum(timeline.last_days() - begin + 1, 0)

    def measure(own: Segments, shape: tuple[int, int]) -> dict[str, np.ndarray]:
        present = stays(timeline, own, timeline.observed_from)
        who = distinct(code=present["code"], month=present["month"], customer=present["customer"])
        code, used_in = own.on(customer, day), own.on(uses["customer"], uses["day"])
        used = distinct(code=used_in, month=uses["month"], customer=uses["customer"], type=uses["type"])
        return {
            "customers": tally(shape, who[:2]),
            "customer_days": tally(shape, (present["code"], present["month"]), present["days"]),
            "active_customers": tally(shape, distinct(code=code, month=month, customer=customer)[:2]),
            "active_customer_days": tally(shape, (code, month)),
            "days": np.broadcast_to(days, shape),
            "used": tally(shape, used[:2]),
        }

    table = by_segment(timeline, measure)
    daily = over(table["active_customer_days"], table["days"])
    return table.assign(
        mean_daily_active_customers=daily,
        stickiness=over(daily, table["active_customers"]),
        active_day_share=over(table["active_customer_days"], table["customer_days"]),
        mean_feature_breadth=over(table.pop("used"), table["active_customers"]),
    )


def build_time(timeline: Timeline, gap_minutes: int) -> dict[str, pd.DataFrame]:
    """The tables of sessions, time on site and activity."""
    sessions = find_sessions(timeline.events, gap_minutes)
    observed = timeline.events[timeline.events["day"] <= timeline.last_day[timeline.events["customer"]]]
    return {
        "fct_sessions": session_table(timeline, sessions),
        "site_time": site_time(timeline, sessions),
        "customer_site_time": customer_site_time(timeline, sessions),
        "customer_activity": customer_activity(timeline, observed),
        "segment_activity": segment_activity(timeline, observed),
    }
