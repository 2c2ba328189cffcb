"""Engagement: ledger lines, arrays of customers by days summed from them, scales, scores and their receipts.

Points and scores are whole millionths (int64) until they are published, so that every sum and rounding is exact.
"""

import hashlib
import math
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from .customers import Evidence
from .raw import DAY
from .settings import OracleError, Weight, band_edges, number, six_places, weights

SCALED = 10**6
FACTOR_ONE = 10**9
SILENT_SCORE = SCALED
STATUSES = np.array(["too_new", "never_active", "silent", "active", "churned"], object)
TOO_NEW, NEVER_ACTIVE, SILENT, ACTIVE, CHURNED = range(len(STATUSES))


class Scale(NamedTuple):
    """Cut points, rising in points (exact) and score."""

    version: str
    points: list[Decimal]
    scores: list[Decimal]


class Panel(NamedTuple):
    """Everybody's engagement on all days: what each engagement table is made from.

    Arrays are customers × days; points and scores are in millionths. `lines` are the ledger lines, with the positions
    customer, at (activity day), loaded (load day, may lie outside the calendar), type and key, with count, users and
    the weight in millionths; `line_of` gives for each accepted event the position of its line. Days count from
    `origin`, customers, types and keys from 0.
    """

    customers: np.ndarray
    origin: pd.Timestamp
    calendar: pd.DatetimeIndex
    window: int
    factors: np.ndarray
    weights: list[Weight]
    types: np.ndarray
    keys: list[tuple[str, Decimal | None]]
    lines: pd.DataFrame
    line_of: np.ndarray
    start: np.ndarray
    exists: np.ndarray
    status: np.ndarray
    event_count: np.ndarray
    active_days: np.ndarray
    active_users: np.ndarray
    points: np.ndarray
    scales: list[Scale]
    scale: Scale
    has_score: np.ndarray
    score: np.ndarray
    bands: pd.DataFrame

    def positions(self, dates: list[pd.Timestamp]) -> np.ndarray:
        """The positions of those dates that the calendar has, in order."""
        return np.flatnonzero(self.calendar.isin(dates))


def weight_version(rows: list[Weight]) -> str:
    """`weights-` and eight hex digits that change with any weight or validity."""
    lines = [f"{row.event_type}|{row.weight:.6f}|{row.valid_from or ''}|{row.valid_to or ''}" for row in rows]
    return "weights-" + hashlib.md5("\n".join(lines).encode()).hexdigest()[:8]


def decay_factors(window: int, half_life: Decimal | None) -> list[int]:
    """For each age in days, 0.5^(age / half-life) in billionths, rounded half away from zero."""
    with localcontext(prec=50):
        powers = [Decimal("0.5") ** (Decimal(age) / half_life) if half_life else Decimal(1) for age in range(window)]
        return [int((power * FACTOR_ONE).quantize(Decimal(1), ROUND_HALF_UP)) for power in powers]


def line_points(weight: int | np.ndarray, decayed_counts: np.ndarray) -> np.ndarray:
    """weight × count × factor in millionths, rounded half away from zero (D18).

    `weight` is in millionths, `decayed_counts` = count × factor (not negative) in billionths.
    """
    whole, rest = np.divmod(decayed_counts, FACTOR_ONE)
    size = np.abs(weight)
    if np.max(size, initial=0) >= 2**62 // FACTOR_ONE:
        rest = rest.astype(object)
    points = size * whole + ((size * rest + FACTOR_ONE // 2) // FACTOR_ONE).astype(np.int64)
    return np.where(np.asarray(weight) < 0, -points, points)


def rounded_quotient(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Whole numbers (int64) nearest to top / bottom, halves away from zero; bottom is positive."""
    size = (2 * np.abs(top) + bottom) // (2 * bottom)
    return np.where(top < 0, -size, size).astype(np.int64)


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
    """Scores of points, both in millionths: linear between the cut points, clamped outside them, rounded."""
    cuts = np.array([int(cut * SCALED) for cut in scale.points], np.int64)
    scores = np.array([int(score * SCALED) for score in scale.scores], np.int64)
    if len(cuts) == 1:
        return np.full(points.shape, scores[0])
    distinct, place = np.unique(np.clip(points, cuts[0], cuts[-1]), return_inverse=True)
    low = np.clip(np.searchsorted(cuts, distinct, side="right") - 1, 0, len(cuts) - 2)
    if 4 * int(np.abs(scores).max()) * int(np.diff(cuts).max()) >= 2**63:
        distinct, cuts, scores = (values.astype(object) for values in (distinct, cuts, scores))
    width = cuts[low + 1] - cuts[low]
    weighted = scores[low] * (cuts[low + 1] - distinct) + scores[low + 1] * (distinct - cuts[low])
    return rounded_quotient(weighted, width)[place].reshape(points.shape)


def score_known(points: np.ndarray, is_known: np.ndarray, scale: Scale) -> np.ndarray:
    """Scores (millionths) of points where an event of the window is known; silence scores 1 on any scale (D5)."""
    return np.where(is_known, interpolate(points, scale), SILENT_SCORE)


def band_of(values: pd.Series, seed: pd.DataFrame, metric: str) -> pd.Series:
    """The band with the greatest lower edge at or below each value; None below all edges and for nulls."""
    edges, bands = band_edges(seed, metric)
    numbers = values.to_numpy(float, na_value=np.nan)
    position = np.where(np.isnan(numbers), 0, np.searchsorted(edges, numbers, side="right"))
    return pd.Series(np.array([None, *bands], object)[position], values.index)


def frozen_scales(seed: pd.DataFrame) -> list[Scale]:
    """Every scale of the seed `engagement_scale`, by version in text order."""
    scales = []
    for version in sorted(set(seed["scale_version"])):
        rows = seed[seed["scale_version"] == version]
        cuts = sorted(
            tuple(six_places(number(text, "engagement_scale")) for text in pair)
            for pair in zip(rows["points"], rows["score"], strict=True)
        )
        for (points, score), (more_points, more_score) in pairwise(cuts):
            if more_points == points or more_score < score:
                raise OracleError(f"engagement_scale, {version}: points and scores must rise together.")
        scales.append(Scale(version, [points for points, _ in cuts], [score for _, score in cuts]))
    return scales


def population_scale(seed: pd.DataFrame, points: np.ndarray, version: str) -> Scale:
    """Cut points at the nearest ranks of the points (int64, millionths) of the active customers (D19)."""
    ordered = np.sort(points)
    cuts = [(Decimal(0), Decimal(1))]
    shares = sorted((Fraction(row.point_share), six_places(Decimal(row.score))) for row in seed.itertuples())
    for share, score in shares if len(ordered) else []:
        position = max(math.ceil(share * len(ordered)), 1) - 1
        cut = Decimal(int(ordered[position])).scaleb(-6)
        # Equal cuts keep the lowest score; with negative weights a cut may even lie below 0, where all score 1.
        if cut > cuts[-1][0]:
            cuts.append((cut, score))
    return Scale(version, [cut for cut, _ in cuts], [score for _, score in cuts])


def scale_table(panel: Panel) -> pd.DataFrame:
    """The table `engagement_scales`: all cut points of all scales."""
    rows = [
        (scale.version, points, score, scale is panel.scale)
        for scale in panel.scales
        for points, score in zip(scale.points, scale.scores, strict=True)
    ]
    return pd.DataFrame(rows, columns=["scale_version", "points", "score", "is_in_use"])


def weight_table(rows: list[Weight]) -> pd.DataFrame:
    """The table `engagement_weights`."""
    table = pd.DataFrame(rows, columns=Weight._fields, dtype=object)
    return table.assign(**{name: pd.to_datetime(table[name]).astype("datetime64[us]") for name in Weight._fields[2:4]})


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


def build_lines(placed: pd.DataFrame, keys: list[tuple[str, Decimal | None]]) -> tuple[pd.DataFrame, np.ndarray]:
    """The ledger lines, and for each event the position of its line.

    `placed` has an event per row: customer, at, loaded, type, key, user_id.
    """
    place = ["customer", "at", "type", "loaded"]
    groups = placed.groupby(place, sort=True)
    line_of = groups.ngroup().to_numpy()
    lines = groups.agg(count=("key", "size"), key=("key", "first")).reset_index()
    people = placed.drop_duplicates([*place, "user_id"])
    lines["users"] = np.bincount(line_of[people.index], minlength=len(lines))
    scaled = np.array([int((weight or Decimal(0)) * SCALED) for _, weight in keys], np.int64)
    return lines.assign(weight=scaled[lines["key"].to_numpy(int)]), line_of


def daily_activity(panel: Panel, events: pd.DataFrame) -> pd.DataFrame:
    """The table `fct_activity_daily`; amount and duration are null where no event of the line has one."""
    lines = panel.lines
    daily = pd.DataFrame(
        {
            "customer_id": panel.customers[lines["customer"]],
            "activity_date": panel.calendar[lines["at"]],
            "event_type": panel.types[lines["type"]],
            "load_date": panel.origin + pd.to_timedelta(lines["loaded"], unit="D"),
            "event_count": lines["count"],
        }
    )
    for name in ("amount", "duration_seconds"):
        sums = [None] * len(lines)
        given = events[name].notna().to_numpy()
        for line, value in zip(panel.line_of[given], events[name].to_numpy(object)[given], strict=True):
            sums[line] = value if sums[line] is None else sums[line] + value
        daily[name] = pd.Series(sums, dtype=object)
    return daily.assign(users=lines["users"])


def slide(values: np.ndarray, window: int) -> np.ndarray:
    """Sums along axis 1 over the `window` days that end with each day."""
    sums = values.cumsum(axis=1)
    sums[:, window:] -= sums[:, :-window].copy()
    return sums


def window_points(lines: pd.DataFrame, factors: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Points (millionths) over the window that ends on each day: customers × days.

    Raises OracleError where they would not fit into DECIMAL(18,6).
    """
    if int(lines["weight"].abs().max() if len(lines) else 0) * int(lines["count"].sum()) >= 10**18:
        raise OracleError("event_weights: points would not fit into DECIMAL(18,6).")
    sums = np.zeros(shape, np.int64)
    scored = lines[lines["weight"] != 0]
    customer, at, count, weight = (scored[name].to_numpy() for name in ("customer", "at", "count", "weight"))
    for age, factor in enumerate(factors[: shape[1]]):
        inside = at + age < shape[1]
        earned = line_points(weight[inside], factor * count[inside])
        np.add.at(sums, (customer[inside], at[inside] + age), earned)
    return sums


def spread(
    panel: Panel, lines: pd.DataFrame, days: np.ndarray, last: np.ndarray | None = None, only: np.ndarray | None = None
) -> pd.DataFrame:
    """Each line once for each of the days (rising positions) whose window it lies in: what it is worth then.

    `last` gives for each line the last day that is wanted, `only` (customers × calendar) the cells that are wanted.
    Columns: customer, when (position in the calendar), at, loaded, type, key, count, points, and plain = without decay.
    """
    at = lines["at"].to_numpy()
    end = at + panel.window - 1 if last is None else np.minimum(at + panel.window - 1, last)
    low = np.searchsorted(days, at)
    many = np.maximum(np.searchsorted(days, end, side="right") - low, 0)
    which = np.repeat(np.arange(len(lines)), many)
    when = days[np.arange(len(which)) - np.repeat(many.cumsum() - many - low, many)]
    if only is not None:
        wanted = only[lines["customer"].to_numpy()[which], when]
        which, when = which[wanted], when[wanted]
    names = ["customer", "at", "loaded", "type", "key", "count"]
    columns = {name: lines[name].to_numpy()[which] for name in names}
    weight = lines["weight"].to_numpy()[which]
    points = line_points(weight, panel.factors[when - at[which]] * columns["count"])
    return pd.DataFrame({**columns, "when": when, "points": points, "plain": weight * columns["count"]})


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


def place_events(evidence: Evidence, dim: pd.DataFrame, origin: pd.Timestamp) -> pd.DataFrame:
    """For each event its positions: customer, at (activity day), loaded (load day), type; and its user_id."""
    events = evidence.events
    position = pd.Series(np.arange(len(dim)), dim["customer_id"])
    return pd.DataFrame(
        {
            "customer": position.reindex(events["customer_id"]).to_numpy(int),
            "at": ((events["day"] - origin) // DAY).to_numpy(int),
            "loaded": ((events["load_day"] - origin) // DAY).to_numpy(int),
            "type": pd.factorize(events["event_type"], sort=True)[0],
            "user_id": events["user_id"],
        }
    )


def build_panel(evidence: Evidence, dim: pd.DataFrame, seeds: dict[str, pd.DataFrame], settings: dict) -> Panel:
    """Place the events in customers × days, sum them over windows, and score the sums."""
    window, events = settings["score_window_days"], evidence.events
    origin = events["day"].min() if len(events) else evidence.as_of + pd.Timedelta(days=1)
    calendar = pd.date_range(origin, evidence.as_of, unit="us")
    shape = (len(dim), len(calendar))
    weight_rows = weights(seeds["event_weights"])
    key, keys = weigh(events, weight_rows)
    placed = place_events(evidence, dim, origin).assign(key=key)
    lines, line_of = build_lines(placed, keys)
    factors = np.array(decay_factors(window, settings["score_half_life_days"]), np.int64)
    points = window_points(lines, factors, shape)
    by_day = np.zeros(shape, np.int64)
    np.add.at(by_day, (lines["customer"], lines["at"]), lines["count"])
    event_count = slide(by_day, window)

    day = np.arange(len(calendar))[None, :]
    start, churn = (
        ((dim[name] - origin) // DAY).fillna(len(calendar)).to_numpy(int)[:, None]
        for name in ("observed_from", "churn_day")
    )
    exists = (day >= start) & (day <= churn)
    by_itself = np.select(
        [day - start + 1 < window, by_day.cumsum(axis=1) == 0, event_count == 0],
        [TOO_NEW, NEVER_ACTIVE, SILENT],
        ACTIVE,
    )
    status = np.where(day == churn, CHURNED, by_itself)
    if len(lines):
        # The last day whose window holds an event of anybody.
        population_day = min(lines["at"].max() + window, len(calendar)) - 1
        is_member = exists[:, population_day] & (status[:, population_day] == ACTIVE)
        population, population_date = points[is_member, population_day], calendar[population_day]
    else:
        population, population_date = np.zeros(0, np.int64), evidence.as_of
    version = f"population-{population_date:%Y-%m-%d}"
    scales = [
        *frozen_scales(seeds["engagement_scale"]),
        population_scale(seeds["population_scale"], population, version),
    ]
    scale = scales[-2] if len(scales) > 1 else scales[-1]
    return Panel(
        customers=dim["customer_id"].to_numpy(object),
        origin=origin,
        calendar=calendar,
        window=window,
        factors=factors,
        weights=weight_rows,
        types=np.array(sorted(set(events["event_type"])), object),
        keys=keys,
        lines=lines,
        line_of=line_of,
        start=start,
        exists=exists,
        status=status,
        event_count=event_count,
        active_days=slide((by_day > 0).astype(np.int64), window),
        active_users=distinct_users(placed, shape, window),
        points=points,
        scales=scales,
        scale=scale,
        has_score=exists & np.isin(by_itself, (ACTIVE, SILENT)),
        score=score_known(points, event_count > 0, scale),
        bands=seeds["score_bands"],
    )


def earlier(values: np.ndarray, days: int) -> np.ndarray:
    """Values (customers × days) as they were some days earlier; 0 or False before the first day."""
    shifted = np.zeros_like(values)
    shifted[:, days:] = values[:, : max(values.shape[1] - days, 0)]
    return shifted


def exact(millionths: np.ndarray, is_given: np.ndarray | None = None) -> np.ndarray:
    """Millionths (int64) as an object array of Decimal with six places; None where `is_given` is False."""
    # Equal values share one Decimal: a million rows have far fewer values.
    codes, values = pd.factorize(np.asarray(millionths).ravel())
    if is_given is not None:
        codes = np.where(is_given, codes, -1)
    return np.array([Decimal(int(value)).scaleb(-6) for value in values] + [None], object)[codes]


def floats(millionths: np.ndarray, is_given: np.ndarray) -> np.ndarray:
    """Millionths as floats; NaN where `is_given` is False."""
    return np.where(is_given, millionths / SCALED, np.nan)


def unweighted_types(panel: Panel, events: pd.DataFrame) -> pd.DataFrame:
    """The table `unweighted_event_types`: events on whose day no weight was in force, by type."""
    is_bare = np.array([weight is None for _, weight in panel.keys], bool)
    bare = events[is_bare[panel.lines["key"].to_numpy()[panel.line_of]]]
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


def percentiles(days: np.ndarray, points: np.ndarray, has_score: np.ndarray) -> np.ndarray:
    """100 × percent rank (millionths) of the points among the rows of a day that have a score; 0 for the others."""
    scored = pd.Series(points[has_score])
    groups = scored.groupby(days[has_score])
    others = np.maximum(groups.transform("size").to_numpy() - 1, 1)
    below = groups.rank(method="min").to_numpy(int) - 1
    percent = np.zeros(len(points), np.int64)
    percent[has_score] = rounded_quotient(100 * SCALED * below, others)
    return percent


def scores_table(panel: Panel) -> pd.DataFrame:
    """The table `fct_engagement_scores`, by customer and date."""
    window, exists = panel.window, panel.exists
    who, when = np.nonzero(exists)
    points, score, has_score = (values[exists] for values in (panel.points, panel.score, panel.has_score))
    had_row, had_score = (earlier(values, window)[exists] for values in (exists, panel.has_score))
    former_points = earlier(panel.points, window)[exists]
    former_score = earlier(panel.score, window)[exists]
    is_comparable = has_score & had_score
    change = score - former_score
    users = panel.active_users[exists]
    # Summed in whole millionths: the mean then does not depend on the order.
    four_windows = sum(earlier(panel.points.astype(float), window * step)[exists] for step in (1, 2, 3, 4))
    has_baseline = (when - panel.start[who, 0] + 1 >= 5 * window) & (four_windows != 0)
    # By the sign of the change, where -1 is the last place, and 2 for none.
    directions = np.array(["flat", "up", None, "down"], object)
    return pd.DataFrame(
        {
            "customer_id": panel.customers[who],
            "score_date": panel.calendar[when],
            "status": STATUSES[panel.status[exists]],
            "event_count": panel.event_count[exists],
            "active_days": panel.active_days[exists],
            "active_users": users,
            "points": exact(points),
            "points_per_active_user": np.where(users > 0, points / SCALED / np.maximum(users, 1), np.nan),
            "engagement_score": exact(score, has_score),
            "engagement_percentile": exact(percentiles(when, points, has_score), has_score),
            "engagement_band": band_of(pd.Series(floats(score, has_score)), panel.bands, "engagement"),
            "baseline_ratio": np.where(has_baseline, 4 * points / np.where(has_baseline, four_windows, 1), np.nan),
            "previous_points": exact(former_points, had_row),
            "points_change": exact(points - former_points, had_row),
            "previous_score": exact(former_score, had_score),
            "score_change": exact(change, is_comparable),
            "score_direction": directions[np.where(is_comparable, np.sign(change), 2)],
            "weight_version": weight_version(panel.weights),
            "scale_version": panel.scale.version,
        }
    )


def receipts(panel: Panel, days: np.ndarray) -> pd.DataFrame:
    """Sums over the window by customer, `when` (one of the given days), type and key: count, points, plain."""
    by = ["customer", "when", "type", "key"]
    return spread(panel, panel.lines, days).groupby(by)[["count", "points", "plain"]].sum().reset_index()


def contributions(panel: Panel, asked: np.ndarray) -> pd.DataFrame:
    """The table `fct_engagement_contributions` on the asked days."""
    own = receipts(panel, asked)
    own = own[panel.exists[own["customer"], own["when"]]]
    points, total = own["points"].to_numpy(), panel.points[own["customer"], own["when"]]
    return pd.DataFrame(
        {
            "customer_id": panel.customers[own["customer"]],
            "score_date": panel.calendar[own["when"]],
            "event_type": panel.types[own["type"]],
            "weight": np.array([weight for _, weight in panel.keys], object)[own["key"]],
            "event_count": own["count"].to_numpy(),
            "points": exact(points),
            "share_of_points": np.divide(points, total, out=np.full(len(own), np.nan), where=total != 0),
        }
    )


def changes(panel: Panel, asked: np.ndarray) -> pd.DataFrame:
    """The table `fct_engagement_changes` on the asked days: against one window earlier, by event type and effect."""
    by = ["customer", "when", "type"]
    now = receipts(panel, asked)
    before = receipts(panel, asked[asked >= panel.window] - panel.window)
    before["when"] += panel.window
    sums = [own.groupby(by)[["count", "points", "plain"]].sum() for own in (now, before)]
    sums = [sums[0].add_suffix("_1"), sums[1].add_suffix("_0")]
    either = sums[0].index.union(sums[1].index)
    # Filled as integers: a float would not hold all points exactly.
    both = pd.concat([own.reindex(either, fill_value=0) for own in sums], axis=1).reset_index()
    has_both = panel.exists & earlier(panel.exists, panel.window)
    both = both[has_both[both["customer"], both["when"]]]
    # Whole numbers without limits: a count times points may be greater than 64 bits hold.
    more, count_0 = (both["count_1"] - both["count_0"]).astype(object), both["count_0"].astype(object)
    grown = rounded_quotient((more * both["plain_0"]).to_numpy(), np.maximum(count_0.to_numpy(), 1))
    volume = np.where(both["count_0"] == 0, both["plain_1"], grown)
    effects = {
        "volume": volume,
        "weight": both["plain_1"] - both["plain_0"] - volume,
        "decay": (both["points_1"] - both["plain_1"]) - (both["points_0"] - both["plain_0"]),
    }
    rows = pd.concat([both[by].assign(effect=effect, change=change) for effect, change in effects.items()])
    rows = rows[rows["change"] != 0].sort_values([*by, "effect"])
    return pd.DataFrame(
        {
            "customer_id": panel.customers[rows["customer"]],
            "score_date": panel.calendar[rows["when"]],
            "event_type": panel.types[rows["type"]],
            "effect": rows["effect"].to_numpy(object),
            "points_change": exact(rows["change"]),
        }
    )


def build_engagement(
    panel: Panel, events: pd.DataFrame, half_life: Decimal | None, asked: np.ndarray
) -> dict[str, pd.DataFrame]:
    """Ledger, weights, scales, scores and receipts; `asked` are the days (positions) of the receipts."""
    return {
        "fct_activity_daily": daily_activity(panel, events),
        "unweighted_event_types": unweighted_types(panel, events),
        "engagement_weights": weight_table(panel.weights),
        "engagement_versions": pd.DataFrame(
            {"weight_version": [weight_version(panel.weights)], "scale_version": [panel.scale.version]}
        ),
        "engagement_scales": scale_table(panel),
        "engagement_decay": decay_table(panel.window, half_life),
        "fct_engagement_scores": scores_table(panel),
        "fct_engagement_contributions": contributions(panel, asked),
        "fct_engagement_changes": changes(panel, asked),
    }
