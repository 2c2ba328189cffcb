"""Engagement: dense arrays of customers by days by event types, and sums that slide over them."""

import hashlib
import math
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from .customers import Evidence
from .settings import OracleError, Weight, band_edges, number, weights

SCALED = 10**6
FACTOR_ONE = 10**9
DAY = np.timedelta64(1, "D")
CELLS_AT_ONCE = 4_000_000


class Scale(NamedTuple):
    """Cut points, rising in points (exact) and score."""

    version: str
    points: list[Decimal]
    scores: list[float]


class Grid(NamedTuple):
    """Sums over the window that ends on each day: arrays of customers × days (int64).

    Points are in millionths. The receipts, for the asked days alone, are customers × asked days × keys.
    """

    event_count: np.ndarray
    points: np.ndarray
    active_days: np.ndarray
    active_users: np.ndarray
    events_so_far: np.ndarray
    receipt_counts: np.ndarray
    receipt_points: np.ndarray


def weight_version(rows: list[Weight]) -> str:
    """`weights-` and eight hex digits that change with any weight or validity."""
    lines = [f"{row.event_type}|{row.weight:.6f}|{row.valid_from or ''}|{row.valid_to or ''}" for row in rows]
    return "weights-" + hashlib.md5("\n".join(lines).encode()).hexdigest()[:8]


def decay_factors(window: int, half_life: Decimal | None) -> list[int]:
    """For each age in days, 0.5^(age / half-life) in billionths, rounded half away from zero."""
    with localcontext(prec=50):
        powers = [Decimal("0.5") ** (Decimal(age) / half_life) if half_life else Decimal(1) for age in range(window)]
        return [int((power * FACTOR_ONE).quantize(Decimal(1), ROUND_HALF_UP)) for power in powers]


def line_points(weight: int, decayed_counts: np.ndarray) -> np.ndarray:
    """weight × count × factor in millionths, rounded half away from zero (D18).

    `weight` is in millionths, `decayed_counts` = count × factor (not negative) in billionths.
    """
    whole, rest = np.divmod(decayed_counts, FACTOR_ONE)
    size = abs(weight)
    if size * FACTOR_ONE >= 2**62:
        rest = rest.astype(object)
    points = size * whole + ((size * rest + FACTOR_ONE // 2) // FACTOR_ONE).astype(np.int64)
    return points if weight >= 0 else -points


def decay_table(window: int, half_life: Decimal | None) -> pd.DataFrame:
    """The table `engagement_decay`: one step without a half-life, else one for each day of age."""
    factors = decay_factors(window, half_life) if half_life else [FACTOR_ONE]
    ages = range(len(factors))
    return pd.DataFrame(
        {
            "age_from": list(ages),
            "age_to": list(ages) if half_life else [window - 1],
            "factor": pd.Series([Decimal(factor).scaleb(-9) for factor in factors], dtype=object),
        }
    )


def interpolate(points: np.ndarray, scale: Scale) -> np.ndarray:
    """Scores of points (a float array): linear between the cut points, clamped outside them."""
    cuts, scores = np.array([float(cut) for cut in scale.points]), np.array(scale.scores, float)
    if len(cuts) == 1:
        return np.full(len(points), scores[0])
    clamped = np.clip(points, cuts[0], cuts[-1])
    low = np.clip(np.searchsorted(cuts, clamped, side="right") - 1, 0, len(cuts) - 2)
    # Multiplied before it is divided: what is exact in decimals then mostly stays so, which matters at a band's edge.
    rise = (clamped - cuts[low]) * (scores[low + 1] - scores[low]) / (cuts[low + 1] - cuts[low])
    return np.where(clamped == cuts[-1], scores[-1], scores[low] + rise)


def band_of(values: pd.Series, seed: pd.DataFrame, metric: str) -> pd.Series:
    """The band with the greatest lower edge at or below each value; None below all edges and for nulls."""
    edges, bands = band_edges(seed, metric)
    numbers = values.to_numpy(float, na_value=np.nan)
    position = np.where(np.isnan(numbers), 0, np.searchsorted(edges, numbers, side="right"))
    return pd.Series(np.array([None, *bands], object)[position], values.index)


def frozen_scale(seed: pd.DataFrame) -> Scale | None:
    """The scale with the last version in text order; None where the seed is empty."""
    if seed.empty:
        return None
    version = max(seed["scale_version"])
    rows = seed[seed["scale_version"] == version]
    cuts = sorted(
        (number(row.points, "engagement_scale"), float(number(row.score, "engagement_scale")))
        for row in rows.itertuples()
    )
    for (points, score), (more_points, more_score) in pairwise(cuts):
        if more_points == points or more_score < score:
            raise OracleError(f"engagement_scale, {version}: points and scores must rise together.")
    return Scale(version, [points for points, _ in cuts], [score for _, score in cuts])


def population_scale(seed: pd.DataFrame, points: np.ndarray, version: str) -> Scale:
    """Cut points at the nearest ranks of the points (int64, millionths) of the active customers (D19)."""
    ordered = np.sort(points)
    cuts = {Decimal(0): 1.0}
    shares = sorted((Fraction(row.point_share), float(row.score)) for row in seed.itertuples())
    for share, score in shares if len(ordered) else []:
        position = max(math.ceil(share * len(ordered)), 1) - 1
        cuts.setdefault(Decimal(int(ordered[position])).scaleb(-6), score)
    return Scale(version, list(cuts), list(cuts.values()))


def daily_activity(events: pd.DataFrame) -> pd.DataFrame:
    """The table `fct_activity_daily`; amount and duration are null where no event of the day has one."""
    keys = ["customer_id", "day", "event_type"]
    groups = events.groupby(keys, sort=True)
    daily = pd.DataFrame({"event_count": groups.size()})
    for name in ("amount", "duration_seconds"):
        given = events[events[name].notna()]
        sums = {}
        for key, value in zip(given[keys].itertuples(index=False, name=None), given[name], strict=True):
            sums[key] = sums.get(key, 0) + value
        daily[name] = pd.Series([sums.get(key) for key in daily.index], daily.index, dtype=object)
    return daily.reset_index().rename(columns={"day": "activity_date"})


def weigh(events: pd.DataFrame, rows: list[Weight]) -> tuple[np.ndarray, list[tuple[str, Decimal | None]]]:
    """For each event the index of its (event type, weight in force on its day), and the list of these keys."""
    weight_row = np.full(len(events), -1)
    days = events["day"].to_numpy("datetime64[D]")
    types, names = pd.factorize(events["event_type"])
    for index, row in enumerate(rows):
        in_force = types == (list(names).index(row.event_type) if row.event_type in names else -2)
        if row.valid_from:
            in_force &= days >= np.datetime64(row.valid_from)
        if row.valid_to:
            in_force &= days <= np.datetime64(row.valid_to)
        weight_row[in_force] = index
    pairs = pd.DataFrame({"type": types, "row": weight_row}).drop_duplicates()
    key_of = {
        (kind, row): (names[kind], rows[row].weight if row >= 0 else None)
        for kind, row in pairs.itertuples(index=False, name=None)
    }
    keys = sorted(set(key_of.values()), key=lambda key: (key[0], key[1] is None, key[1] or 0))
    index_of = {pair: keys.index(key) for pair, key in key_of.items()}
    lookup = np.zeros((len(names) + 1, len(rows) + 1), int)
    for (kind, row), index in index_of.items():
        lookup[kind, row] = index
    return lookup[types, weight_row], keys


def slide(values: np.ndarray, window: int) -> np.ndarray:
    """Sums along axis 1 over the `window` days that end with each day."""
    sums = values.cumsum(axis=1)
    sums[:, window:] -= sums[:, :-window].copy()
    return sums


def slide_decayed(counts: np.ndarray, weight: int, factors: list[int]) -> np.ndarray:
    """Points (millionths) of counts (customers × days) over the window: each day's worth falls with its age."""
    sums = np.zeros_like(counts)
    for age, factor in enumerate(factors[: counts.shape[1]]):
        sums[:, age:] += line_points(weight, factor * counts[:, : counts.shape[1] - age])
    return sums


def distinct_users(events: pd.DataFrame, shape: tuple[int, int], window: int) -> np.ndarray:
    """Users with an event in the window that ends on each day: customers × days.

    A user's event on one day covers the window's length of days from it on, but no further than the day of the user's
    next event, which covers on: so each user is counted once, by steps up and down that are then summed along the days.
    """
    customers, days = shape
    seen = pd.DataFrame(
        {"customer": events["customer"], "user": pd.factorize(events["user_id"])[0], "at": events["at"]}
    ).drop_duplicates()
    seen = seen.sort_values(["customer", "user", "at"])
    following = seen.groupby(["customer", "user"])["at"].shift(-1, fill_value=days)
    until = np.minimum(seen["at"] + window, following.clip(upper=days))
    steps = np.zeros((customers, days + 1), np.int64)
    np.add.at(steps, (seen["customer"], seen["at"]), 1)
    np.add.at(steps, (seen["customer"], until), -1)
    return steps[:, :-1].cumsum(axis=1)


def build_grid(
    events: pd.DataFrame,
    shape: tuple[int, int],
    keys: list[tuple[str, Decimal | None]],
    window: int,
    half_life: Decimal | None,
    asked_days: np.ndarray,
) -> Grid:
    """Window sums of all customers. `events` has customer, at (day index), key and user_id.

    Raises OracleError where the points would not fit into DECIMAL(18,6).
    """
    customers, days = shape
    scaled = [int((weight or Decimal(0)) * SCALED) for _, weight in keys]
    if max(map(abs, scaled), default=0) * len(events) >= 10**18:
        raise OracleError("event_weights: points would not fit into DECIMAL(18,6).")
    factors = decay_factors(window, half_life)
    sums = {name: np.zeros(shape, np.int64) for name in ("event_count", "points", "active_days", "events_so_far")}
    receipts = {name: np.zeros((customers, len(asked_days), len(keys)), np.int64) for name in ("counts", "points")}
    at_once = max(1, CELLS_AT_ONCE // max(1, days * len(keys)))
    ordered = events.sort_values("customer")
    for start in range(0, customers, at_once):
        part = slice(start, min(start + at_once, customers))
        own = ordered[slice(*np.searchsorted(ordered["customer"], [part.start, part.stop]))]
        counts = np.zeros((part.stop - part.start, days, len(keys)), np.int64)
        np.add.at(counts, (own["customer"] - part.start, own["at"], own["key"]), 1)
        by_day = counts.sum(axis=2)
        windowed = slide(counts, window)
        sums["event_count"][part] = windowed.sum(axis=2)
        sums["active_days"][part] = slide((by_day > 0).astype(np.int64), window)
        sums["events_so_far"][part] = by_day.cumsum(axis=1)
        receipts["counts"][part] = windowed[:, asked_days]
        for key, weight in enumerate(scaled):
            if weight:
                earned = (
                    slide_decayed(counts[:, :, key], weight, factors) if half_life else weight * windowed[:, :, key]
                )
                sums["points"][part] += earned
                receipts["points"][part, :, key] = earned[:, asked_days]
    return Grid(
        **sums,
        active_users=distinct_users(events, shape, window),
        receipt_counts=receipts["counts"],
        receipt_points=receipts["points"],
    )


def earlier(values: np.ndarray, days: int) -> np.ndarray:
    """Values (float, customers × days) as they were some days earlier; NaN before the first day."""
    shifted = np.full(values.shape, np.nan)
    shifted[:, days:] = values[:, : max(values.shape[1] - days, 0)]
    return shifted


def exact(millionths: np.ndarray) -> np.ndarray:
    """Millionths (int64) as an object array of Decimal with six places."""
    codes, values = pd.factorize(np.asarray(millionths).ravel())
    return np.array([Decimal(int(value)).scaleb(-6) for value in values] + [None], object)[codes]


def unweighted_types(events: pd.DataFrame, key: np.ndarray, keys: list) -> pd.DataFrame:
    """The table `unweighted_event_types`: events on whose day no weight was in force, by type."""
    bare = events[np.isin(key, [index for index, (_, weight) in enumerate(keys) if weight is None])]
    return (
        bare.groupby("event_type")
        .agg(
            event_count=("event_id", "size"),
            customers=("customer_id", "nunique"),
            first_date=("day", "min"),
            last_date=("day", "max"),
        )
        .reset_index()
    )


def build_engagement(
    evidence: Evidence, dim: pd.DataFrame, seeds: dict[str, pd.DataFrame], settings: dict, asked: list[pd.Timestamp]
) -> dict[str, pd.DataFrame]:
    """The engagement tables; `asked` are the dates of `fct_engagement_contributions`."""
    window, as_of, events = settings["score_window_days"], evidence.as_of, evidence.events
    rows = weights(seeds["event_weights"])
    key, keys = weigh(events, rows)
    tables = {
        "fct_activity_daily": daily_activity(events),
        "unweighted_event_types": unweighted_types(events, key, keys),
    }
    origin = events["day"].min() if len(events) else as_of + pd.Timedelta(days=1)
    calendar = pd.date_range(origin, as_of, unit="us")
    shape = (len(dim), len(calendar))
    position = pd.Series(np.arange(len(dim)), dim["customer_id"])
    placed = pd.DataFrame(
        {
            "customer": position.reindex(events["customer_id"]).to_numpy(int),
            "at": ((events["day"] - origin) // DAY).to_numpy(int),
            "key": key,
            "user_id": events["user_id"],
        }
    )
    asked_days = np.flatnonzero(calendar.isin(asked))
    grid = build_grid(placed, shape, keys, window, settings["score_half_life_days"], asked_days)

    day = np.arange(len(calendar))[None, :]
    start = ((dim["observed_from"] - origin) // DAY).fillna(len(calendar)).to_numpy(int)[:, None]
    churn = ((dim["churn_day"] - origin) // DAY).fillna(len(calendar)).to_numpy(int)[:, None]
    exists = (day >= start) & (day <= churn)
    age = day - start + 1
    by_itself = np.select(
        [age < window, grid.events_so_far == 0, grid.event_count == 0], ["too_new", "never_active", "silent"], "active"
    ).astype(object)
    status = np.where(day == churn, "churned", by_itself)

    is_active = exists & (status == "active")
    active_days = np.flatnonzero(is_active.any(axis=0))
    scale_day = active_days[-1] if len(active_days) else len(calendar) - 1
    scale_date = calendar[scale_day] if len(calendar) else as_of
    scale = frozen_scale(seeds["engagement_scale"]) or population_scale(
        seeds["population_scale"],
        grid.points[:, scale_day][is_active[:, scale_day]] if len(calendar) else np.zeros(0, np.int64),
        f"population-{scale_date:%Y-%m-%d}",
    )
    tables["engagement_scales"] = pd.DataFrame(
        {"scale_version": scale.version, "points": pd.Series(scale.points, dtype=object), "score": scale.scores}
    )

    points = grid.points / SCALED
    score = np.select(
        [exists & (by_itself == "active"), exists & (by_itself == "silent")],
        [interpolate(points.ravel(), scale).reshape(shape), 1.0],
        np.nan,
    )
    former = earlier(score, window)
    # Summed in whole millionths: the mean then does not depend on the order.
    four_windows = sum(earlier(grid.points.astype(float), window * step) for step in (1, 2, 3, 4))
    with np.errstate(divide="ignore", invalid="ignore"):
        baseline = np.where((age >= 5 * window) & (four_windows != 0), 4 * grid.points / four_windows, np.nan)
        per_user = np.where(grid.active_users > 0, points / grid.active_users, np.nan)

    who, when = np.nonzero(exists)
    scores = pd.DataFrame(
        {
            "customer_id": dim["customer_id"].to_numpy(object)[who],
            "score_date": calendar[when],
            "status": status[exists],
            "event_count": grid.event_count[exists],
            "active_days": grid.active_days[exists],
            "active_users": grid.active_users[exists],
            "points": exact(grid.points[exists]),
            "points_per_active_user": per_user[exists],
            "engagement_score": score[exists],
            "engagement_percentile": percentiles(when, grid.points[exists], score[exists]),
            "baseline_ratio": baseline[exists],
        }
    )
    scores["engagement_band"] = band_of(scores["engagement_score"], seeds["score_bands"], "engagement")
    scores["previous_score"] = former[exists]
    scores["score_change"] = (score - former)[exists]
    scores["weight_version"] = weight_version(rows)
    scores["scale_version"] = scale.version
    tables["fct_engagement_scores"] = scores
    tables["fct_engagement_contributions"] = contributions(grid, exists, asked_days, calendar, dim, keys)
    tables["engagement_decay"] = decay_table(window, settings["score_half_life_days"])
    return tables


def percentiles(days: np.ndarray, points: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """100 × percent rank of the points among the rows of a day that have a score; NaN for those without."""
    points = pd.Series(points)[~np.isnan(scores)]
    groups = points.groupby(days[points.index])
    others = groups.transform("size") - 1
    ranks = 100 * (groups.rank(method="min") - 1) / others.where(others > 0, 1)
    return ranks.reindex(range(len(scores))).to_numpy()


def contributions(
    grid: Grid, exists: np.ndarray, asked_days: np.ndarray, calendar: pd.DatetimeIndex, dim: pd.DataFrame, keys: list
) -> pd.DataFrame:
    """The table `fct_engagement_contributions` on the asked days."""
    who, when, key = np.nonzero((grid.receipt_counts > 0) & exists[:, asked_days, None])
    earned = grid.receipt_points[who, when, key]
    total = grid.points[:, asked_days][who, when]
    return pd.DataFrame(
        {
            "customer_id": dim["customer_id"].to_numpy(object)[who],
            "score_date": calendar[asked_days[when]],
            "event_type": np.array([name for name, _ in keys], object)[key],
            "weight": np.array([weight for _, weight in keys], object)[key],
            "event_count": grid.receipt_counts[who, when, key],
            "points": exact(earned),
            "share_of_points": np.divide(earned, total, out=np.full(len(who), np.nan), where=total != 0),
        }
    ).sort_values(["customer_id", "score_date"], kind="stable", ignore_index=True)
