"""Every published table of the demo and of the real data sets equals what the oracle computes from the raw rows."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from oracle import compute

STAMP = {"build_id", "as_of_date"}
# Columns that SQL adds for readers: the oracle has no opinion on them, other tests have.
READERS_OWN = {"rejected_rows": {"raw_row"}, "fct_survey_answers": {"period_date"}, "fct_sessions": {"visitor_id"}}
# Views that hold the product of customers, dates and more: compared for the as-of date.
OF_TODAY = {"fct_engagement_contributions", "fct_engagement_changes", "engagement_trends"}
KEYS = {
    "row_reconciliation": ["source_table"],
    "rejected_rows": ["source_table", "row_number"],
    "dim_customers": ["customer_id"],
    "customer_scores": ["customer_id"],
    "engagement_decay": ["age_from"],
    "dim_dates": ["calendar_date"],
    "customer_segments": ["customer_id", "segment_dimension", "valid_from"],
    "fct_activity_daily": ["customer_id", "activity_date", "event_type", "load_date"],
    "engagement_scales": ["scale_version", "points"],
    "engagement_weights": ["event_type", "valid_from"],
    "engagement_versions": ["weight_version"],
    "fct_engagement_changes": ["customer_id", "score_date", "event_type", "effect"],
    "score_restatements": ["customer_id", "score_date", "restated_on"],
    "segment_engagement": ["segment_dimension", "segment_value", "score_date"],
    "segment_comparisons": ["segment_dimension", "segment_value", "other_value"],
    "engagement_distribution": ["score_date", "score_bin"],
    "engagement_trends": ["customer_id", "score_date"],
    "instrumentation_breaks": ["event_type", "activity_date"],
    "scale_effects": ["customer_id", "scale_version"],
    "fct_engagement_scores": ["customer_id", "score_date"],
    "engagement_as_known": ["customer_id", "score_date"],
    "fct_engagement_contributions": ["customer_id", "score_date", "event_type", "weight"],
    "unweighted_event_types": ["event_type"],
    "fct_survey_answers": ["answer_id"],
    "survey_scores": ["metric", "segment_dimension", "segment_value", "period_grain", "period_start"],
    "answer_distribution": ["question", "score"],
    "customer_survey_scores": ["customer_id", "metric"],
    "experience_index": ["segment_dimension", "segment_value", "period_grain", "period_start"],
    "operational_effort": ["segment_dimension", "segment_value", "period_grain", "period_start"],
    "customer_experience": ["customer_id"],
    "theme_shares": ["theme", "period_grain", "period_start"],
    "theme_scores": ["metric", "theme", "period_grain", "period_start"],
    "low_csat_audit": ["answer_id"],
    "survey_response": ["metric", "response_dimension", "response_value", "period_grain", "period_start"],
    "survey_fatigue": ["customer_id", "respondent_id"],
    "respondent_bias": ["metric", "trait", "trait_value"],
    "weighted_survey_scores": ["metric", "period_grain", "period_start"],
    "survey_delays": ["metric", "touchpoint", "delay_class"],
    "nps_drivers": ["driver_kind", "driver"],
    "fct_sessions": ["customer_id", "user_id", "started_at"],
    "site_time": ["segment_dimension", "segment_value", "period_start"],
    "customer_site_time": ["customer_id", "period_start"],
    "customer_activity": ["customer_id", "period_start"],
    "segment_activity": ["segment_dimension", "segment_value", "period_start"],
    "retention": ["segment_dimension", "segment_value", "period_start"],
    "retention_cohorts": ["basis", "segment_dimension", "segment_value", "cohort_month", "months_since"],
    "awareness": ["segment_dimension", "segment_value", "period_start"],
    "customer_value": ["customer_id"],
    "transaction_types": ["event_type", "period_start"],
    "customer_signals": ["customer_id", "signal"],
    "signal_history": ["customer_id", "signal", "from_date"],
    "signal_results": ["signal", "listed_group"],
    "score_backtest": ["horizon_days", "predictor", "segment_dimension", "segment_value"],
    "score_calibration": ["horizon_days", "predictor", "decile"],
}
# Has an oracle of its own, in test_backtest: a fit of many weights.
JUDGED_ELSEWHERE = {"weight_proposals"}
# Figures that rest on a solver of equations: two solvers stop at different places.
TOLERANCES = {"score_backtest.brier": 1e-6, "score_calibration.mean_predicted": 1e-6}


def published(result, table: str) -> pd.DataFrame:
    """A table as readers see it; rejected rows come from the work database, receipts for the as-of date alone."""
    file = result.work if table == "rejected_rows" else result.marts
    where = "where score_date = as_of_date" if table in OF_TODAY else ""
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.sql(f"select * from {table} {where}").df()


def compare(name: str, found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Raises AssertionError unless the tables are equal: floats to 1e-9 or their tolerance, everything else exactly."""
    assert set(found.columns) - STAMP - READERS_OWN.get(name, set()) == set(expected.columns)
    keys = KEYS[name]
    found, expected = (
        table.sort_values(keys, key=sortable, ignore_index=True) for table in (found[expected.columns], expected)
    )
    assert len(found) == len(expected), f"{name} has {len(found)} rows, the oracle {len(expected)}"
    for column in expected:
        left, right = found[column], expected[column]
        is_null = left.isna().to_numpy()
        where = f"{name}.{column}"
        np.testing.assert_array_equal(is_null, right.isna().to_numpy(), err_msg=f"{where}: nulls")
        left, right = left[~is_null], right[~is_null]
        if is_decimal(right):
            # A DECIMAL arrives as the double next to it; nine places of that are exact at the sizes of these data.
            places = (np.round(values.to_numpy("float64"), 9) for values in (left, right))
            np.testing.assert_array_equal(*places, err_msg=where)
        elif pd.api.types.is_float_dtype(right):
            near = TOLERANCES.get(where, 1e-9)
            np.testing.assert_allclose(left.astype(float), right, rtol=near, atol=near, err_msg=where)
        elif left.dtype.kind == right.dtype.kind == "M":
            times = (values.to_numpy("datetime64[us]") for values in (left, right))
            np.testing.assert_array_equal(*times, err_msg=where)
        elif left.dtype.kind == right.dtype.kind and left.dtype.kind in "biu":
            np.testing.assert_array_equal(left.to_numpy(), right.to_numpy(), err_msg=where)
        else:
            pd.testing.assert_series_equal(left.astype(str), right.astype(str), obj=where)


def sortable(column: pd.Series) -> pd.Series:
    """A key column in a form whose order does not depend on its type."""
    return pd.to_numeric(column) if is_decimal(column) else column


def is_decimal(column: pd.Series) -> bool:
    """Whether a column of the oracle holds exact decimals."""
    return column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) == "decimal"


@pytest.mark.parametrize("data", ["demo", "demo_otherwise", "online_retail", "community_survey", "cdnow"])
def test_every_published_table_is_what_the_oracle_computes(data, request, build):
    raw: Path = request.getfixturevalue(data)
    result = build(raw)
    assert result.returncode == 0, result.output
    expected = compute(raw)
    with duckdb.connect(str(result.marts), read_only=True) as connection:
        tables = "select table_name from information_schema.tables where table_schema = 'main'"
        tables = {name for (name,) in connection.sql(tables).fetchall()}
    assert (tables | {"rejected_rows"}) - JUDGED_ELSEWHERE == set(expected)
    for name, table in expected.items():
        compare(name, published(result, name), table)
