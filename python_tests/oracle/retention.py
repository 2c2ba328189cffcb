"""Who stayed, who came, and how those who came had heard of it."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from .settings import OracleError, clean_text
from .surveys import over, wilson_interval
from .time import NEVER, Segments, Timeline, by_segment, first_days, month_numbers, tally

# An event that has several of these roles has the first of them.
ORIGINS = ("invitation", "referral", "social")
TRADES = ("purchase", "refund")


class Role(NamedTuple):
    """A row of `event_types`; None is any."""

    event_type: str | None
    channel: str | None
    role: str


def load_roles(seed: pd.DataFrame) -> list[Role]:
    """The rows of `event_types`. Raises OracleError for a row that nobody can use."""
    roles = [Role(clean_text(row.event_type), clean_text(row.channel), row.role) for row in seed.itertuples()]
    for row in roles:
        if row.role not in ORIGINS + TRADES:
            raise OracleError(f"event_types: there is no role {row.role!r}.")
        if row.event_type is None and row.channel is None:
            raise OracleError(f"event_types: a row of role {row.role} has neither type nor channel.")
        if row.role in TRADES and (row.event_type is None or row.channel is not None):
            raise OracleError(f"event_types: a {row.role} needs an event type and no channel.")
    if len(set(roles)) < len(roles):
        raise OracleError("event_types: a row stands there twice.")
    both = {row.event_type for row in roles if row.role == "purchase"} & {
        row.event_type for row in roles if row.role == "refund"
    }
    if both:
        raise OracleError(f"event_types: {', '.join(both)} cannot be both purchase and refund.")
    return roles


def have_origin(events: pd.DataFrame, roles: list[Role], origin: str) -> np.ndarray:
    """Which accepted events have a role."""
    found = np.zeros(len(events), bool)
    for row in roles:
        if row.role == origin:
            fits = np.ones(len(events), bool)
            for name in ("event_type", "channel"):
                if getattr(row, name) is not None:
                    fits &= (events[name] == getattr(row, name)).to_numpy(bool)
            found |= fits
    return found


class Presence(NamedTuple):
    """Who is there on the last day before the first month and on the last day of each: customers × (months + 1).

    `is_silent` says who leaves by silence, since nobody would report it.
    """

    days: np.ndarray
    there: np.ndarray
    is_silent: np.ndarray


def find_presence(timeline: Timeline, subscribed: np.ndarray, inactive_days: int) -> Presence:
    """Apply to each customer its own rule; `subscribed` are the days of subscription, NEVER where there is none."""
    days = np.append(first_days(timeline.months[:1]) - 1, timeline.last_days())
    is_silent = (subscribed > timeline.as_of) & (timeline.churned == NEVER)
    # On one line of time for all customers, the last event at or before a day is the one just before it.
    line = np.sort(timeline.events["customer"].to_numpy() * NEVER + timeline.events["day"].to_numpy())
    line = np.append(-NEVER, line)
    asked = np.arange(len(timeline.customers))[:, None] * NEVER + days
    last = line[np.searchsorted(line, asked, side="right") - 1]
    has_event = asked - last < inactive_days
    has_come = timeline.first_seen[:, None] <= days
    stays = np.where(is_silent[:, None], has_event, days < timeline.churned[:, None])
    return Presence(days, has_come & stays, is_silent)


def add_rate(table: pd.DataFrame, part: str, whole: str) -> pd.DataFrame:
    """The table with retention_rate and its interval."""
    low, high = wilson_interval(table[part], table[whole])
    return table.assign(retention_rate=over(table[part], table[whole]), retention_low=low, retention_high=high)


def retention(timeline: Timeline, presence: Presence) -> pd.DataFrame:
    """The table `retention`."""
    at_start, at_end = presence.there[:, :-1], presence.there[:, 1:]
    is_new = month_numbers(timeline.first_seen)[:, None] == timeline.months
    silent = np.broadcast_to(presence.is_silent[:, None], at_start.shape)
    come = at_end & ~at_start

    def measure(own: Segments, shape: tuple[int, int]) -> dict[str, np.ndarray]:
        def count(who: np.ndarray, step: int) -> np.ndarray:
            """How many of some customers × months, by their segment at the start (0) or at the end (1) of the month."""
            customer, month = np.nonzero(who)
            return tally(shape, (own.on(customer, presence.days[month + step]), month))

        return {
            "customers_at_start": count(at_start, 0),
            "retained": count(at_start & at_end, 0),
            "churned": count(at_start & ~at_end, 0),
            "by_inactivity": count(at_start & silent, 0),
            "new_customers": count(come & is_new, 1),
            "returned_customers": count(come & ~is_new, 1),
            "customers_at_end": count(at_end, 1),
        }

    # Who is in a segment for the last time on the last day of a month is in no row of the next, but must be counted.
    return add_rate(by_segment(timeline, measure, beyond=("customers_at_start",)), "retained", "customers_at_start")


def retention_cohorts(timeline: Timeline, presence: Presence) -> pd.DataFrame:
    """The table `retention_cohorts`."""
    months = len(timeline.months)
    cohort = month_numbers(timeline.first_seen) - (timeline.months[0] if months else 0)
    who = np.flatnonzero((cohort >= 0) & (cohort < months))
    has_event = np.zeros((len(timeline.customers), months), bool)
    has_event[timeline.events["customer"], timeline.events["month"]] = True
    pieces = []
    for dimension, own in timeline.segments.items():
        code = own.on(who, timeline.first_seen[who])
        shape = (len(own.values), months)
        customers = tally(shape, (code, cohort[who]))
        for basis, stayed in (("activity", has_event), ("presence", presence.there[:, 1:])):
            retained = np.zeros((*shape, months), np.int64)
            np.add.at(retained, (code, cohort[who]), stayed[who])
            value, start, month = np.nonzero((customers > 0)[:, :, None] & ~np.tri(months, k=-1, dtype=bool))
            piece = {
                "basis": np.full(len(value), basis, object),
                "segment_dimension": np.full(len(value), dimension, object),
                "segment_value": own.values[value],
                "cohort_month": timeline.period(start)["period_start"],
                "months_since": month - start,
                **timeline.period(month),
                "customers": customers[value, start],
                "retained": retained[value, start, month],
            }
            pieces.append(pd.DataFrame(piece))
    return add_rate(pd.concat(pieces, ignore_index=True), "retained", "customers")


def find_origins(timeline: Timeline, has: dict[str, np.ndarray]) -> np.ndarray:
    """How each customer came, None where nothing tells; `has` says of each event whether it has an origin."""
    customer, day = (timeline.events[name].to_numpy() for name in ("customer", "day"))
    first_active = np.full(len(timeline.customers), NEVER)
    np.minimum.at(first_active, customer, day)
    is_first = day == first_active[customer]
    came_by = np.full(len(timeline.customers), None, object)
    for origin in reversed(ORIGINS):
        came_by[customer[is_first & has[origin]]] = origin
    # What older customers did first lies before the data.
    is_older = timeline.first_seen < (first_days(timeline.months[:1])[0] if len(timeline.months) else NEVER)
    return np.where(is_older, None, came_by)


def awareness(timeline: Timeline, has: dict[str, np.ndarray], came_by: np.ndarray) -> pd.DataFrame:
    """The table `awareness`."""
    customer, day, month = (timeline.events[name].to_numpy() for name in ("customer", "day", "month"))
    is_social = np.any(list(has.values()), axis=0)
    begun = month_numbers(timeline.first_seen) - (timeline.months[0] if len(timeline.months) else 0)
    new = np.flatnonzero((begun >= 0) & (begun < len(timeline.months)))

    def measure(own: Segments, shape: tuple[int, int]) -> dict[str, np.ndarray]:
        def count(who: np.ndarray) -> np.ndarray:
            return tally(shape, (own.on(who, timeline.first_seen[who]), begun[who]))

        came = {f"came_by_{origin}": count(new[came_by[new] == origin]) for origin in ORIGINS}
        return {
            "new_customers": count(new),
            **came,
            "invited_customers": sum(came.values()),
            "social_interactions": tally(shape, (own.on(customer[is_social], day[is_social]), month[is_social])),
        }

    # Who left before first sight is there on no day, and must be counted.
    table = by_segment(timeline, measure, beyond=("new_customers", "social_interactions"))
    return table.assign(invited_share=over(table["invited_customers"], table["new_customers"]))


def build_retention(
    timeline: Timeline, events: pd.DataFrame, subscribed: np.ndarray, roles: list[Role], inactive_days: int
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """The tables of retention and awareness, and of today: customer_id, is_there, presence_rule, came_by.

    `events` are the accepted events, in the order of those of the timeline.
    """
    presence = find_presence(timeline, subscribed, inactive_days)
    has = {origin: have_origin(events, roles, origin) for origin in ORIGINS}
    came_by = find_origins(timeline, has)
    today = {
        "customer_id": timeline.customers,
        "is_there": presence.there[:, -1],
        "presence_rule": np.where(presence.is_silent, "inactivity", "churn_date").astype(object),
        "came_by": came_by,
    }
    tables = {
        "retention": retention(timeline, presence),
        "retention_cohorts": retention_cohorts(timeline, presence),
        "awareness": awareness(timeline, has, came_by),
    }
    return tables, pd.DataFrame(today)
