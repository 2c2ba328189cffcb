"""The oracle reproduces every published number in seeds/published, so that it may judge the marts."""

import math
import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracle import compute, engagement, surveys, value

FIXTURES = Path(__file__).resolve().parents[1] / "seeds" / "published"


def fixture(name: str) -> list:
    """Rows of one fixture file; NaN where a field is empty."""
    return list(pd.read_csv(FIXTURES / f"fixture_{name}.csv").itertuples())


@pytest.mark.parametrize("row", fixture("nps"), ids=lambda row: f"{row.answers} of {row.source}")
def test_nps_its_variance_and_its_standard_error_are_as_published(row):
    if isinstance(row.answers, str):
        classes = [surveys.classify(int(answer), 6, 9, "better") for answer in row.answers.split()]
        counts = [classes.count(name) for name in ("positive", "neutral", "negative")]
        assert counts == [row.promoters, row.passives, row.detractors]
    assert row.promoters + row.passives + row.detractors == row.n
    assert surveys.nps(row.promoters, row.detractors, row.n) == pytest.approx(row.nps, abs=row.tolerance)
    if not math.isnan(row.variance):
        variance = surveys.nps_variance(row.promoters, row.detractors, row.n)
        assert variance == pytest.approx(row.variance, abs=row.tolerance)
    if not math.isnan(row.standard_error):
        error = surveys.nps_standard_error(row.promoters, row.detractors, row.n)
        assert error == pytest.approx(row.standard_error, abs=row.tolerance)


@pytest.mark.parametrize("row", fixture("proportion_wilson"), ids=lambda row: f"{row.successes} of {row.n}")
def test_wilson_interval_is_as_published(row):
    interval = surveys.wilson_interval(row.successes, row.n, row.confidence)
    assert interval == pytest.approx((row.low, row.high), abs=row.tolerance)


@pytest.mark.parametrize("row", fixture("proportion_difference_newcombe"), ids=lambda row: row.source)
def test_newcombe_interval_is_as_published(row):
    interval = surveys.newcombe_interval(row.successes_1, row.n_1, row.successes_2, row.n_2, row.confidence)
    assert interval == pytest.approx((row.low, row.high), abs=row.tolerance)


@pytest.mark.parametrize("row", fixture("clv"), ids=lambda row: row.source)
def test_clv_margin_multiple_is_as_published(row):
    multiple = row.margin * value.clv_multiple(row.retention, row.discount)
    assert multiple == pytest.approx(row.expected_multiple, abs=row.tolerance)


def test_published_engagement_points_come_out_of_raw_events(tmp_path):
    rows = fixture("engagement")
    lines = ["event_id,customer_id,event_type,occurred_at"]
    lines += [f"{row.event_type}{i},c,{row.event_type},2025-01-15" for row in rows for i in range(row.events)]
    (tmp_path / "events.csv").write_text("\n".join(lines))
    weights = pd.DataFrame([(row.event_type, row.weight, "", "", "published") for row in rows])
    weights.columns = ["event_type", "weight", "valid_from", "valid_to", "reason"]

    tables = compute(tmp_path, seeds={"event_weights": weights})

    assert list(tables["fct_engagement_scores"]["points"]) == [Decimal(rows[0].expected_points_of_case)]
    receipts = tables["fct_engagement_contributions"].set_index("event_type")["points"].to_dict()
    assert receipts == {row.event_type: row.weight * row.events for row in rows}


def test_published_scale_gives_the_published_scores():
    scale = engagement.Scale("published", [Decimal(0), Decimal(208)], [1.0, 100.0])
    scores = engagement.interpolate(np.array([475, 149, 89]) * 1_000_000, scale) / 1_000_000
    assert scores == pytest.approx([100, 71.92, 43.36], abs=0.005)


def test_published_csat_interval():
    assert surveys.wilson_interval(80, 100) == pytest.approx((0.711, 0.867), abs=0.0005)


def test_published_counts_of_the_r_survey_give_its_nps_and_its_means():
    recomputed = {row.published: row for row in fixture("real_data")}
    promoters, detractors = map(int, re.findall(r"(\d+) (?:promoters|detractors)", recomputed["72"].recomputed))
    assert surveys.nps(promoters, detractors, int(recomputed["72"].published_n)) == pytest.approx(72.134, abs=0.001)
    row = recomputed["1/2/7/27/64 %, 4.5"]
    shares = [float(share) for share in row.recomputed.split(" %")[0].split("/")]
    assert sum(shares) == pytest.approx(100, abs=0.01)
    assert sum(score * share for score, share in enumerate(shares, 1)) / 100 == pytest.approx(4.516, abs=0.001)
    assert shares[3] + shares[4] == pytest.approx(90.54, abs=0.01)


def test_decay_of_one_day_is_the_worked_example_of_d18():
    factors = engagement.decay_factors(28, Decimal(7))
    assert factors[1] == 905723664
    assert engagement.line_points(3_000_000, np.array([factors[1]])).tolist() == [2_717_171]


def test_population_scale_is_the_worked_example_of_d19():
    seed = pd.DataFrame({"point_share": ["0.5", "0.9", "0.99"], "score": ["50", "90", "100"]})
    scale = engagement.population_scale(seed, np.array([10, 10, 10, 40]) * 1_000_000, "population-2025-06-30")
    assert list(zip(scale.points, scale.scores, strict=True)) == [(0, 1), (10, 50), (40, 90)]
    assert engagement.interpolate(np.array([40, 50]) * 1_000_000, scale).tolist() == [90_000_000, 90_000_000]
