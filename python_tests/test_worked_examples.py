"""The arithmetic of the worked examples in docs/metrics.md, without the project's code. test_docs runs queries."""

import hashlib
from datetime import date
from itertools import combinations

import numpy as np
import pytest
from doc_queries import QUERY
from scipy.special import hyp2f1
from scipy.stats import false_discovery_control, kendalltau, mannwhitneyu, norm
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from test_docs import SECTIONS, parts
from textblob import TextBlob


def wilson(successes: int, n: int) -> str:
    return " to ".join(f"{100 * bound:.1f}" for bound in proportion_confint(successes, n, method="wilson"))


def engagement_score() -> list[str]:
    points = sum(count * weight for count, weight in zip((3, 5, 10, 20, 15), (9, 7, 5, 3, 1), strict=True))
    scores = [1 + 99 * min(points / 208, 1) for points in (475, 149, 89)]
    return [f"are {points} points", "score {:.0f}, {:.2f} and {:.2f}".format(*scores)]


def scale() -> list[str]:
    before, after = (np.interp(10, [0, np.median(points)], [1, 50]) for points in ([10, 20, 30], [10, 30, 30]))
    return [f"10 points score {before:.2f}", f"scores {after:.2f}"]


def receipts() -> list[str]:
    volume = (12 - 10) * 40 / 10
    weight = 12 * 5 - 10 * 4 - volume
    return [f"{volume + weight:.0f} points more", f"volume {volume:.0f}, weight {weight:.0f}"]


def trend() -> list[str]:
    points = [1, 4, 4, 5, 9, 9, 9, 20]
    n, pairs = len(points), list(combinations(points, 2))
    s = sum(np.sign(later - earlier) for earlier, later in pairs)
    ties = [points.count(value) for value in set(points)]
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    p = 2 * norm.sf((abs(s) - 1) / np.sqrt(variance))
    return [f"S = {s} of {len(pairs)}, τ = {kendalltau(range(n), points).statistic:.2f}, p = {p:.3f}"]


def segment_comparison() -> list[str]:
    first, second = [0, 0, 1, 2, 2, 3, 5, 9], [2, 2, 3, 5, 6, 9, 9, 20, 20]
    test = mannwhitneyu(first, second, method="asymptotic")
    z = norm.ppf(test.pvalue / 2)
    adjusted = false_discovery_control([test.pvalue, 0.9, 0.9])[0]
    share = f"{test.statistic:.0f}/{len(first) * len(second)} = {test.statistic / len(first) / len(second):.2f}"
    return [share, f"z = −{-z:.2f}, p = {test.pvalue:.3f}", f"adjusted {adjusted:.3f}"]


def nps() -> list[str]:
    values = np.array([-100, 0, 0, 100, 100, 100])
    return [f"{values.mean():.2f} ± a standard error of {values.std() / np.sqrt(len(values)):.1f}"]


def change() -> list[str]:
    return [f"{100 * 2.80 * np.sqrt(2 * 0.5 * 0.5 / 100):.1f} points"]


def experience_index() -> list[str]:
    components = [100 * (5.5 - 1) / 6, 100 * (4 - 1) / 4, 100 * (3 - 1) / 4, 100 * (5 - 1) / 4]
    index, margin = np.mean(components), np.mean([10, 15, 20, 0])
    said = (
        "is {:.0f}, empathy 4 of 1 to 5 is {:.0f}, understanding 3 is {:.0f}, effectiveness 5 is {:.0f}: index {:.0f}"
    )
    return [said.format(*components, index), f"{index - margin:.2f} to {index + margin:.2f}"]


def operational_effort() -> list[str]:
    parts = [np.mean([90, 50]), np.mean([100 * (1 - wait / 900) for wait in (0, 540)]), 100 * (5 - 1) / 4]
    return [
        f"are {parts[0]:.0f};",
        f"hence {parts[1]:.0f};",
        f"is {parts[2]:.0f}: operational effort {np.mean(parts):.0f}",
    ]


def survey_fatigue() -> list[str]:
    january, march, april = date(2026, 1, 1), date(2026, 3, 31), date(2026, 4, 1)
    assert (april - march).days < 90
    return [f"({(march - january).days} days on)", f"{(april - january).days} days apart"]


def weighted_scores() -> list[str]:
    effective = 100**2 / (60**2 / 20 + 40**2 / 80)
    return [
        f"{10 + 20}\n% raw".replace("\n", " "),
        f"= {60 * 10 / 20 + 40 * 20 / 80:.0f} % weighted",
        f"= {effective:.0f}.",
    ]


def survey_delay() -> list[str]:
    pooled = (30 + 70) / (60 + 100)
    z = (30 / 60 - 70 / 100) / np.sqrt(pooled * (1 - pooled) * (1 / 60 + 1 / 100))
    p = 2 * norm.cdf(z)
    return [f"−{100 * (0.7 - 0.5):.0f} points, p = {p:.3f}", f"{false_discovery_control([p, 0.9])[0]:.3f}"]


def drivers() -> list[str]:
    values, vectors = np.linalg.eigh([[1, 0.4], [0.4, 1]])
    loadings = vectors @ np.diag(np.sqrt(values)) @ vectors.T
    weights = loadings**2 @ np.linalg.solve(loadings, [0.5, 0.3]) ** 2
    return ["{:.3f} and {:.3f}, R² {:.3f}".format(*weights, weights.sum())]


def lifetime_value() -> list[str]:
    discount = 1.1 ** (1 / 12) - 1
    margin, multiple = 300 * 0.7 / 12, 0.97 / (1 + discount - 0.97)
    return [
        f"{100 * discount:.3f} % a month",
        f"{margin:.2f} × {multiple:.2f} = {margin * multiple:.2f}",
        f"the multiple is {0.8 / (1 + 0.1 - 0.8):.2f}",
    ]


def transaction_types() -> list[str]:
    return [", ".join(f"{amount / (80 + 20):.1f}" for amount in (80, 20)) + f", −{10 / (80 + 20):.1f}"]


def forecast() -> list[str]:
    # Customer 1 of CDNOW: two repeats, the last after 30.43 of 38.86 weeks, of 22.35 dollars on average.
    r, alpha, a, b, x, last, age, weeks = 0.243, 4.414, 0.793, 2.426, 2, 30.43, 38.86, 365 / 7
    odds = a / (b + x - 1) * ((alpha + age) / (alpha + last)) ** (r + x)
    far = alpha + age + weeks
    growth = 1 - ((alpha + age) / far) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, weeks / far)
    days = (a + b + x - 1) / (a - 1) * growth / (1 + odds)
    p, q, v, mean = 6.25, 3.74, 15.44, 22.35
    amount = p * (v + x * mean) / (p * x + q - 1)
    return [
        f"r {r}, α {alpha}, a {a}, b {b}",
        f"alive with {1 / (1 + odds):.2f}, {days:.2f} days, {amount:.2f} dollars",
    ]


def signals_worth() -> list[str]:
    low, high = confint_proportions_2indep(56, 70, 48, 80, method="newcomb")
    return [f"{100 * (56 / 70 - 48 / 80):.0f} points, from {100 * low:.0f} to {100 * high:.0f}"]


def backtest() -> list[str]:
    return [f"{np.mean((np.array([0.1, 0.9, 0.8, 0.3]) - [0, 1, 1, 0]) ** 2):.4f}"]


# By section, what its example must say. That of an empty list has no arithmetic: a unit test of the models holds it.
COMPUTED = {
    "Engagement score": engagement_score,
    "Scale": scale,
    "Receipts": receipts,
    "As known then": list,
    "Trend": trend,
    "Segment comparison": segment_comparison,
    "Instrumentation break": lambda: [f"{np.median([90, 110, 100, 20]):.0f} are expected"],
    "Session": lambda: [f"{30 * 60:,} seconds"],
    "Time on site": lambda: [f"{200 / 10:.0f} minutes per visitor"],
    "Activity": lambda: [f"{(4 + 1) / 10} users a day, of 2: stickiness {(4 + 1) / 10 / 2}"],
    "NPS": nps,
    "CSAT": lambda: [f"80 % ({wilson(80, 100)})"],
    "Change": change,
    "Experience index": experience_index,
    "Operational effort": operational_effort,
    "Response": lambda: [f"{100 * 2 / 4:.0f} % ({wilson(2, 4)})"],
    "Survey fatigue": survey_fatigue,
    "Respondent bias": lambda: [f"= {(3 / 5 - 6 / 20) / np.sqrt((0.6 * 0.4 + 0.3 * 0.7) / 2):.2f}"],
    "Weighted scores": weighted_scores,
    "Survey delay": survey_delay,
    "Sentiment": lambda: [
        f"is {TextBlob('The reports are great, but exporting them is slow').polarity:.2f}: great 0.8 and slow −0.3"
    ],
    "Drivers": drivers,
    "Retention": lambda: [f"{100 * 3 / 4:.0f} % ({wilson(3, 4)})"],
    "Cohorts": lambda: [", ".join(f"{100 * active / 2:.0f} %" for active in (2, 1, 0))],
    "Awareness": lambda: [f"{100 * 3 / 4:.0f} %"],
    "Lifetime value": lifetime_value,
    "Purchase pattern": list,
    "Transaction types": transaction_types,
    "Quadrant": list,
    "Forecast of purchases": forecast,
    "Signals": lambda: [f"0.2 is {100 * (0.5 - 0.2) / (0.5 - 0):.0f}"],
    "List dates and runs": list,
    "What signals are worth": signals_worth,
    "Backtest": backtest,
}
WITH_A_QUERY = {name for name, text in SECTIONS.items() if QUERY.search(parts(text)["Worked example"])}


def test_every_example_is_computed_or_has_a_query_with_its_result():
    assert COMPUTED.keys() | WITH_A_QUERY == SECTIONS.keys()
    assert not COMPUTED.keys() & WITH_A_QUERY
    for name in WITH_A_QUERY:
        assert all(query["printed"] for query in QUERY.finditer(parts(SECTIONS[name])["Worked example"])), name


@pytest.mark.parametrize("name", COMPUTED)
def test_examples_say_what_is(name):
    example = " ".join(parts(SECTIONS[name])["Worked example"].split())
    for said in COMPUTED[name]():
        assert said in example


def test_who_is_held_out_can_be_computed():
    number = int(hashlib.md5(b"c1|churn_risk").hexdigest()[:8], 16) % 1_000_000
    assert f"is {number:,}," in " ".join(SECTIONS["What signals are worth"].split())
