"""Engagement over time: where each customer is going, and days on which an event type all but vanished."""

from fractions import Fraction
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from .engagement import Panel
from .settings import OracleError

MOST_WINDOWS = 8
FEWEST_WINDOWS = 4
SIGNIFICANCE = 0.05
WEEK = 7
WEEKS = 4


@cache
def mann_kendall(series: tuple[int, ...]) -> tuple[int, float, float, str]:
    """S, tau-b (NaN where all values tie), the two-sided p and the trend of values in order of time."""
    n = len(series)
    s = sum(int(np.sign(later - earlier)) for earlier, later in combinations(series, 2))
    tau = stats.kendalltau(range(n), series).statistic
    _, ties = np.unique(series, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    z = (abs(s) - 1) / np.sqrt(variance) if s else 0.0
    p_value = 2 * stats.norm.sf(z)
    trend = ("rising" if s > 0 else "falling") if p_value < SIGNIFICANCE else "none"
    return s, tau, p_value, trend


def trends(panel: Panel, who: np.ndarray, when: np.ndarray) -> pd.DataFrame:
    """The table `engagement_trends` for the rows of these customers and days (positions)."""
    ends = when[:, None] - panel.window * np.arange(MOST_WINDOWS)[::-1]
    windows = (ends - panel.start[who] + 1 >= panel.window).sum(axis=1)
    points = panel.points[who[:, None], np.maximum(ends, 0)]
    measures = []
    for count, series in zip(windows, points, strict=True):
        if count < FEWEST_WINDOWS:
            measures.append((None, np.nan, np.nan, None))
            continue
        # Only the order of the points matters, and orders recur: each is judged once.
        order = np.unique(series[MOST_WINDOWS - count :], return_inverse=True)[1]
        measures.append(mann_kendall(tuple(order.tolist())))
    measures = pd.DataFrame(measures, columns=["kendall_s", "kendall_tau", "p_value", "trend"])
    measures["kendall_s"] = measures["kendall_s"].astype("Int64")
    place = {"customer_id": panel.customers[who], "score_date": panel.calendar[when], "windows": windows}
    return pd.DataFrame(place).join(measures)


def instrumentation_breaks(panel: Panel, rules: pd.DataFrame) -> pd.DataFrame:
    """The table `instrumentation_breaks`: event types that many used, and that were all but absent for a day.

    Raises OracleError unless the seed `instrumentation_rules` has exactly one row.
    """
    if len(rules) != 1:
        raise OracleError("instrumentation_rules must have exactly one row.")
    share, fewest = (Fraction(rules[name].iloc[0]) for name in ("max_share", "min_expected_customers"))
    shape = (len(panel.types), len(panel.calendar))
    events, customers = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    np.add.at(events, (panel.lines["type"], panel.lines["at"]), panel.lines["count"])
    people = panel.lines[["type", "at", "customer"]].drop_duplicates()
    np.add.at(customers, (people["type"], people["at"]), 1)
    # Doubled medians are whole numbers, so the limits are judged exactly.
    expected, expected_customers = twice_the_usual(events), twice_the_usual(customers)
    is_few = [
        2 * share.denominator * found <= share.numerator * usual
        for found, usual in ((events, expected), (customers, expected_customers))
    ]
    is_break = is_few[0] & is_few[1] & (expected_customers * fewest.denominator >= 2 * fewest.numerator)
    is_break[:, : WEEKS * WEEK] = False
    is_break[:, -1:] = False
    kind, day = np.nonzero(is_break)
    others = (events.sum(axis=0) - events)[is_break]
    usual_of_others = (expected.sum(axis=0) - expected)[is_break] / 2
    return pd.DataFrame(
        {
            "event_type": panel.types[kind],
            "activity_date": panel.calendar[day],
            "event_count": events[is_break],
            "expected_events": expected[is_break] / 2,
            "customers": customers[is_break],
            "expected_customers": expected_customers[is_break] / 2,
            "other_types_share": np.divide(
                others, usual_of_others, out=np.full(len(kind), np.nan), where=usual_of_others > 0
            ),
        }
    )


def twice_the_usual(daily: np.ndarray) -> np.ndarray:
    """Twice the median of the same weekday in the four weeks before (types × days); 0 for the first four weeks."""
    twice = np.zeros_like(daily)
    days = daily.shape[1]
    if days > WEEKS * WEEK:
        before = [daily[:, (WEEKS - week) * WEEK : days - week * WEEK] for week in range(1, WEEKS + 1)]
        twice[:, WEEKS * WEEK :] = np.sort(before, axis=0)[1:3].sum(axis=0)
    return twice
