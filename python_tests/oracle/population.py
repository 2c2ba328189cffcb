"""Engagement of many customers: by segment, its distribution, segments against each other, and other scales."""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from .engagement import SCALED, Panel, band_of, exact, score_known
from .raw import DAY

BANDS = {"at risk": "at_risk_customers", "low": "low_customers", "medium": "medium_customers", "high": "high_customers"}
SHARES = {"p10_score": (1, 10), "median_score": (1, 2), "p90_score": (9, 10)}
BIN = 10
MOST_VALUES = 30
FEWEST_CUSTOMERS = 8
SIGNIFICANCE = 0.05
TODAY = slice(-1, None)  # The last day of the calendar, or none where it is empty.


def segment_codes(panel: Panel, own: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The values of one dimension in text order, and customers × days with the position of each one's value."""
    own = own.sort_values("valid_from")
    codes, values = pd.factorize(own["segment_value"].to_numpy(object), sort=True)
    customers = pd.Series(np.arange(len(panel.customers)), panel.customers)[own["customer_id"]].to_numpy()
    begins = np.maximum(((own["valid_from"] - panel.origin) // DAY).to_numpy(), 0)
    table = np.zeros(panel.exists.shape, np.int64)
    # In order of time, each version overwrites the rest of its customer's days; those before the calendar too.
    for place in range(len(own)):
        table[customers[place], begins[place] :] = codes[place]
    return values, table


def band_numbers(panel: Panel, scores: np.ndarray) -> np.ndarray:
    """For each score (millionths) the position of its band in BANDS; -1 below all edges."""
    return pd.Categorical(band_of(pd.Series(scores / SCALED), panel.bands, "engagement"), categories=list(BANDS)).codes


def segment_engagement(panel: Panel, segments: pd.DataFrame) -> pd.DataFrame:
    """The table `segment_engagement`: per day the scores of those who were in each segment on that day."""
    when = np.nonzero(panel.exists)[1]
    has_score = panel.has_score[panel.exists]
    score = panel.score[panel.exists][has_score]
    band = band_numbers(panel, score)
    pieces = []
    for dimension, own in segments.groupby("segment_dimension"):
        values, codes = segment_codes(panel, own)
        groups, group = np.unique(codes[panel.exists] * len(panel.calendar) + when, return_inverse=True)
        value, day = np.divmod(groups, max(len(panel.calendar), 1))
        scored = np.bincount(group[has_score], minlength=len(groups))
        sums = np.zeros(len(groups), np.int64)
        np.add.at(sums, group[has_score], score)
        piece = {
            "segment_dimension": dimension,
            "segment_value": values[value],
            "score_date": panel.calendar[day],
            "customers": np.bincount(group, minlength=len(groups)),
            "scored_customers": scored,
            "mean_score": np.where(scored > 0, sums / np.maximum(scored, 1) / SCALED, np.nan),
        }
        ordered = np.append(score[np.lexsort([score, group[has_score]])], 0)
        first = scored.cumsum() - scored
        for name, (part, whole) in SHARES.items():
            rank = -(-part * scored // whole)
            piece[name] = exact(ordered[first + np.maximum(rank, 1) - 1], scored > 0)
        for number, name in enumerate(BANDS.values()):
            piece[name] = np.bincount(group[has_score][band == number], minlength=len(groups))
        pieces.append(pd.DataFrame(piece))
    return pd.concat(pieces, ignore_index=True)


def distribution(panel: Panel) -> pd.DataFrame:
    """The table `engagement_distribution`: ten bins of ten points for each day with a score, and the day's shape."""
    bins = np.clip(panel.score // (BIN * SCALED), 0, 9)
    days = np.flatnonzero(panel.has_score.any(axis=0))
    counts, shapes = [], []
    for day in days:
        is_scored = panel.has_score[:, day]
        counts.append(np.bincount(bins[is_scored, day], minlength=10))
        shapes.append(shape_of(panel.score[is_scored, day]))
    customers = np.array(counts, np.int64).reshape(len(days), 10)
    shape = np.repeat(np.array(shapes, float).reshape(len(days), 3), 10, axis=0)
    return pd.DataFrame(
        {
            "score_date": panel.calendar[np.repeat(days, 10)],
            "score_bin": np.tile(np.arange(0, 100, BIN), len(days)),
            "customers": customers.ravel(),
            "share": (customers / customers.sum(axis=1, keepdims=True)).ravel(),
            "mean_score": shape[:, 0],
            "sd_score": shape[:, 1],
            "skewness": shape[:, 2],
        }
    )


def shape_of(scores: np.ndarray) -> tuple[float, float, float]:
    """Mean, standard deviation (n - 1) and skewness of scores (millionths, at least one), NaN where there is none."""
    low = scores.min()
    # Shifted, so that equal scores leave exactly nothing.
    apart = (scores - low) / SCALED
    mean = low / SCALED + apart.mean()
    if len(scores) < 2:
        return mean, np.nan, np.nan
    return mean, apart.std(ddof=1), stats.skew(apart) if apart.any() else np.nan


def comparisons(panel: Panel, segments: pd.DataFrame) -> pd.DataFrame:
    """The table `segment_comparisons`: the points of the greatest segments of today against each other."""
    names = ["customers", "other_customers", "superiority", "z", "p_value"]
    columns = ["segment_dimension", "segment_value", "other_value", *names, "p_value_adjusted", "is_distinguishable"]
    pieces = [pd.DataFrame(columns=columns).astype({"is_distinguishable": bool})]
    is_scored = panel.has_score[:, TODAY].any(axis=1)
    for dimension, own in segments[segments["segment_dimension"] != "all"].groupby("segment_dimension"):
        values, codes = segment_codes(panel, own)
        points, code = panel.points[is_scored, TODAY].ravel(), codes[is_scored, TODAY].ravel()
        sizes = np.bincount(code, minlength=len(values))
        # Values are in text order, and a stable sort keeps it among equals.
        greatest = np.argsort(-sizes, kind="stable")[:MOST_VALUES]
        greatest = sorted(number for number in greatest if sizes[number] >= FEWEST_CUSTOMERS)
        rows = [
            (dimension, values[one], values[other], *compare_points(points[code == one], points[code == other]))
            for one, other in combinations(greatest, 2)
        ]
        if rows:
            piece = pd.DataFrame(rows, columns=columns[:-2])
            piece["p_value_adjusted"] = adjusted(piece["p_value"])
            pieces.append(piece.assign(is_distinguishable=piece["p_value_adjusted"] < SIGNIFICANCE))
    return pd.concat(pieces[1:] or pieces, ignore_index=True)


def compare_points(one: np.ndarray, other: np.ndarray) -> tuple[int, int, float, float, float]:
    """Sizes of two groups of points, how often one of the first is above one of the second, z and p (Mann–Whitney)."""
    test = stats.mannwhitneyu(one, other, method="asymptotic")
    pairs, people = len(one) * len(other), len(one) + len(other)
    _, ties = np.unique(np.concatenate([one, other]), return_counts=True)
    if len(ties) == 1:
        return len(one), len(other), 0.5, np.nan, np.nan
    tied = (ties.astype(float) ** 3 - ties).sum() / (people * (people - 1))
    sigma = np.sqrt(pairs / 12 * (people + 1 - tied))
    above = test.statistic - pairs / 2
    z = np.sign(above) * max(abs(above) - 0.5, 0) / sigma
    return len(one), len(other), test.statistic / pairs, z, test.pvalue


def adjusted(p_values: pd.Series) -> pd.Series:
    """p-values adjusted by Benjamini–Hochberg; NaN stays NaN and does not count."""
    given = p_values.dropna()
    if given.empty:
        return p_values
    return pd.Series(multipletests(given, method="fdr_bh")[1], given.index).reindex(p_values.index)


def scale_effects(panel: Panel) -> pd.DataFrame:
    """The table `scale_effects`: today's scores on every scale."""
    is_scored = panel.has_score[:, TODAY].any(axis=1)
    points, count, score = (
        values[is_scored, TODAY].ravel() for values in (panel.points, panel.event_count, panel.score)
    )
    pieces = []
    for scale in panel.scales:
        other = score_known(points, count > 0, scale)
        piece = {
            "customer_id": panel.customers[is_scored],
            "scale_version": scale.version,
            "points": exact(points),
            "engagement_score": exact(other),
            "engagement_band": band_of(pd.Series(other / SCALED), panel.bands, "engagement"),
            "is_in_use": scale is panel.scale,
            "score_difference": exact(other - score),
        }
        pieces.append(pd.DataFrame(piece))
    return pd.concat(pieces, ignore_index=True)
