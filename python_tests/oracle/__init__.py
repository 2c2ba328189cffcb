"""Every published table, computed from the raw rows without the project's SQL.

Two ways to one number: where they differ, one of them is wrong, or DECISIONS.md leaves something open.
"""

import datetime as dt
from pathlib import Path

import pandas as pd

from .customers import build_customers, build_segments, gather_evidence
from .engagement import build_engagement
from .raw import judge_folder, rejected_rows, row_reconciliation
from .settings import DEFAULTS, OracleError, load_seeds, load_settings
from .surveys import build_surveys

__all__ = ["DEFAULTS", "OracleError", "compute"]

DIM_COLUMNS = [
    "customer_id",
    "is_inferred",
    "plan",
    "industry",
    "region",
    "lifecycle_stage",
    "first_seen_date",
    "observed_from",
    "trial_started_at",
    "subscribed_at",
    "churned_at",
    "acquisition_cost",
]


TODAY = [
    "status",
    "event_count",
    "active_days",
    "active_users",
    "points",
    "engagement_score",
    "engagement_percentile",
    "engagement_band",
    "baseline_ratio",
    "previous_score",
    "score_change",
]


def customer_scores(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The table `customer_scores`: each customer with its last engagement row and its answers to three metrics."""
    who = ["customer_id", "is_inferred", "plan", "industry", "region", "lifecycle_stage", "first_seen_date"]
    last = tables["fct_engagement_scores"].sort_values("score_date").drop_duplicates("customer_id", keep="last")
    wide = tables["dim_customers"][who].merge(last[["customer_id", "score_date", *TODAY]], how="left")
    wide = wide.rename(columns={"status": "engagement_status"})
    surveys = tables["customer_survey_scores"]
    for metric in ("nps", "csat", "effort"):
        own = surveys[surveys["metric"] == metric][["customer_id", "score", "last_answered_at", "response_class"]]
        own.columns = ["customer_id", metric, f"{metric}_last_answered_at", f"{metric}_response_class"]
        wide = wide.merge(own, how="left")
    return wide


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """The table with None for every null of a text or DECIMAL column, whatever pandas made of it on the way."""
    mixed = {name: column.astype(object) for name, column in table.items() if column.dtype in ("object", "str")}
    return table.assign(**{name: column.where(column.notna(), None) for name, column in mixed.items()})


def compute(
    raw_folder: Path,
    seeds: dict[str, pd.DataFrame] | None = None,
    settings: dict | None = None,
    contribution_dates: list[dt.date] | None = None,
) -> dict[str, pd.DataFrame]:
    """All tables by name, with the published columns (without build_id and as_of_date), ordered by their keys.

    raw_folder: events, survey_answers and customers as files, with its own `settings/`, which count here too.
    seeds: whole seeds in place of the project's. settings: dbt vars in place of those of `settings/vars.yml`.
    contribution_dates: score dates of `fct_engagement_contributions`; by default as_of_date alone.

    Days are datetime64[us] at midnight, times datetime64[us] in UTC without a zone, DECIMAL columns hold Decimal,
    nulls are None, NaN, NaT or NA. `rejected_rows` comes without `raw_row`.
    Raises OracleError where a build must stop before it publishes.
    """
    raw_folder = Path(raw_folder)
    settings = load_settings(raw_folder, settings)
    seeds = load_seeds(raw_folder, seeds)
    zone = settings["reporting_timezone"]
    judged = judge_folder(raw_folder, settings, seeds["survey_questions"])
    evidence = gather_evidence(judged, zone, settings["as_of_date"])
    dim = build_customers(evidence, zone)
    segments = build_segments(evidence, dim, settings["segment_columns"])
    dates = [evidence.as_of] if contribution_dates is None else [pd.Timestamp(day) for day in contribution_dates]
    tables = {
        "row_reconciliation": row_reconciliation(judged),
        "rejected_rows": rejected_rows(judged),
        "dim_customers": dim[DIM_COLUMNS],
        "customer_segments": segments,
        **build_engagement(evidence, dim, seeds, settings, dates),
        **build_surveys(evidence, dim, segments, seeds, settings["min_answers"]),
    }
    tables["customer_scores"] = customer_scores(tables)
    return {name: plain(table) for name, table in tables.items()}
