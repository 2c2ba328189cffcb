"""The backtest of the demo company, whose customers leave because they disengaged: the score must know it."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score
from test_backtest import backtest


@pytest.fixture(scope="module")
def marts(demo, build):
    """The published marts of the demo company, and its work database."""
    result = build(demo)
    assert result.returncode == 0, result.output
    with duckdb.connect() as connection:
        connection.execute(f"attach '{result.marts}' as customer_scores (read_only)")
        connection.execute(f"attach '{result.work}' as work (read_only)")
        connection.execute("use customer_scores")
        yield connection


def test_in_the_demo_company_the_score_beats_recency_alone(marts):
    found = marts.sql("""
        select horizon_days, auc_low, auc_gain, auc_gain_low, brier < base_brier as is_better, top_decile_lift
        from score_backtest
        where predictor = 'engagement' and segment_dimension = 'all'
        order by horizon_days
    """).fetchall()
    assert [horizon for horizon, *_ in found] == [30, 60, 90]
    for horizon, auc_low, gain, gain_low, is_better, lift in found:
        assert auc_low > 0.5 and gain > 0 and is_better and lift > 2
        # 24 customers who left in 30 days are too few to prove it; 40 and 61 are enough.
        assert horizon == 30 or gain_low > 0


def test_on_shuffled_outcomes_the_auc_is_one_half_within_its_interval(marts):
    told = marts.sql("""
        select risk, probability, base_rate, has_churned
        from work.main.int_backtest_probabilities
        where horizon_days = 90 and predictor = 'engagement'
        order by customer_id
    """).df()
    generator = np.random.default_rng(1)
    found = pd.DataFrame(
        backtest.judge_group({"recency": told.assign(has_churned=generator.permutation(told["has_churned"]))})[
            "recency"
        ]
        for _ in range(400)
    )
    assert found["auc"].mean() == pytest.approx(0.5, abs=0.01)
    assert ((found["auc_low"] <= 0.5) & (found["auc_high"] >= 0.5)).mean() == pytest.approx(0.95, abs=0.03)


def test_published_figures_are_scikit_learn_s_on_what_was_known_then(marts):
    told = marts.sql("from work.main.int_backtest_probabilities where predictor <> 'proposed'").df()
    published = marts.sql("from score_backtest where segment_dimension = 'all'").df()
    published = published.set_index(["horizon_days", "predictor"])
    for key, rows in told.groupby(["horizon_days", "predictor"]):
        row = published.loc[key]
        assert row["customers"] == len(rows)
        assert row["auc"] == pytest.approx(roc_auc_score(rows["has_churned"], rows["risk"]), abs=1e-9)
        assert row["brier"] == pytest.approx(brier_score_loss(rows["has_churned"], rows["probability"]), abs=1e-9)
        # Few points are worse than many, for the regression too.
        assert rows["risk"].corr(rows["probability"], method="spearman") == pytest.approx(1, abs=1e-3)
