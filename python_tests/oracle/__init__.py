"""Every published table, computed from the raw rows without the project's SQL.

Two ways to one number: where they differ, one of them is wrong, or DECISIONS.md leaves something open.
"""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from .backtest import build_backtest
from .comments import build_comments, find_comments, theme_labels
from .customers import Evidence, build_customers, build_segments, gather_evidence
from .drivers import nps_drivers
from .engagement import Panel, build_engagement, build_panel
from .experience import build_experience
from .history import as_known, restatements
from .population import comparisons, distribution, scale_effects, segment_engagement
from .raw import Judged, judge_folder, rejected_rows, reporting_days, row_reconciliation
from .response import build_response
from .retention import build_retention, load_roles
from .settings import DEFAULTS, OracleError, load_seeds, load_settings
from .signals import build_signals, signal_columns
from .surveys import build_surveys
from .time import Timeline, build_time, build_timeline, day_numbers
from .trends import instrumentation_breaks, trends
from .value import VALUE_TODAY, build_value, load_rules, quadrants

__all__ = ["DEFAULTS", "OracleError", "compute", "compute_surveys", "compute_value", "engagement_as_known"]

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
    "previous_points",
    "points_change",
    "previous_score",
    "score_change",
    "score_direction",
]


class Basis(NamedTuple):
    """What all tables are computed from."""

    settings: dict
    seeds: dict[str, pd.DataFrame]
    judged: dict[str, Judged]
    evidence: Evidence
    dim: pd.DataFrame

    def panel(self) -> Panel:
        """Everybody's points by date."""
        return build_panel(self.evidence, self.dim, self.seeds, self.settings)

    def surveys(self, segments: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """The survey tables."""
        return build_surveys(self.evidence, self.dim, segments, self.seeds, self.settings["min_answers"])

    def time(self, timeline: Timeline) -> dict[str, pd.DataFrame]:
        """The tables of sessions, time on site and activity."""
        return build_time(timeline, self.settings["session_gap_minutes"])

    def value(self, timeline: Timeline, panel: Panel) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
        """The tables of retention, awareness and value, and who is there today."""
        events, dim = self.evidence.events, self.dim
        roles, rules = load_roles(self.seeds["event_types"]), load_rules(self.seeds["value_rules"])
        subscribed = day_numbers(reporting_days(dim["subscribed_at"], self.settings["reporting_timezone"]))
        stayed, today = build_retention(timeline, events, subscribed, roles, rules["inactive_days"])
        retention, costs = stayed["retention"], dim["acquisition_cost"]
        return stayed | build_value(timeline, panel, events["amount"], costs, retention, roles, rules), today


def lay_basis(raw_folder: Path, seeds: dict[str, pd.DataFrame] | None, settings: dict | None) -> Basis:
    """Read and judge the raw rows, and place what is accepted. Raises OracleError where a build must stop."""
    raw_folder = Path(raw_folder)
    settings = load_settings(raw_folder, settings)
    seeds = load_seeds(raw_folder, seeds)
    zone = settings["reporting_timezone"]
    judged = judge_folder(raw_folder, settings, seeds["survey_questions"])
    evidence = gather_evidence(judged, zone, settings["as_of_date"])
    return Basis(settings, seeds, judged, evidence, build_customers(evidence, zone))


def last_trends(panel: Panel) -> pd.DataFrame:
    """customer_id, trend and trend_p_value of each customer's last score row."""
    last = np.where(panel.exists, np.arange(len(panel.calendar)), -1).max(axis=1, initial=-1)
    who = np.flatnonzero(last >= 0)
    table = trends(panel, who, last[who])[["customer_id", "trend", "p_value"]]
    return table.rename(columns={"p_value": "trend_p_value"})


def last_month(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """What each customer did in the last complete month; empty before there is one."""
    what = {
        "customer_activity": ["stickiness", "feature_breadth"],
        "customer_site_time": ["average_seconds_per_visitor"],
    }
    months = tables["segment_activity"].query("is_complete")["period_start"]
    own = [
        table[table["period_start"] == months.max()].set_index("customer_id")[columns]
        for table, columns in ((tables[name], columns) for name, columns in what.items())
    ]
    names = {"average_seconds_per_visitor": "seconds_per_visitor"}
    wide = pd.concat(own, axis=1).rename(columns=names).add_prefix("last_month_")
    return wide.rename_axis("customer_id").reset_index()


def customer_scores(
    tables: dict[str, pd.DataFrame], own_trends: pd.DataFrame, presence: pd.DataFrame, rules: dict[str, Decimal | int]
) -> pd.DataFrame:
    """The table `customer_scores`: each customer with what all other tables say of it today."""
    who = ["customer_id", "is_inferred", "plan", "industry", "region", "lifecycle_stage", "first_seen_date"]
    last = tables["fct_engagement_scores"].drop_duplicates("customer_id", keep="last")
    wide = tables["dim_customers"][who].merge(last[["customer_id", "score_date", *TODAY]], how="left")
    wide = wide.rename(columns={"status": "engagement_status"}).merge(own_trends, how="left")
    surveys = tables["customer_survey_scores"]
    for metric in ("nps", "csat", "effort"):
        own = surveys[surveys["metric"] == metric][["customer_id", "score", "last_answered_at", "response_class"]]
        own.columns = ["customer_id", metric, f"{metric}_last_answered_at", f"{metric}_response_class"]
        wide = wide.merge(own, how="left")
    experience = tables["customer_experience"][["customer_id", "experience_index", "operational_effort"]]
    wide = wide.merge(experience, how="left").merge(tables["customer_value"][["customer_id", *VALUE_TODAY]], how="left")
    wide = wide.assign(quadrant=quadrants(wide["engagement_score"], wide["csat"], rules))
    wide = wide.merge(presence, how="left").merge(last_month(tables), how="left")
    return wide.merge(signal_columns(tables["customer_signals"]), how="left")


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
    contribution_dates: score dates of `fct_engagement_contributions`, `fct_engagement_changes` and
    `engagement_trends`; by default as_of_date alone.

    Days are datetime64[us] at midnight, times datetime64[us] in UTC without a zone, DECIMAL columns hold Decimal,
    nulls are None, NaN, NaT or NA. `rejected_rows` comes without `raw_row`.
    Raises OracleError where a build must stop before it publishes.
    """
    basis = lay_basis(raw_folder, seeds, settings)
    settings, seeds, judged, evidence, dim = basis
    panel, segments = basis.panel(), build_segments(evidence, dim, settings["segment_columns"])
    timeline = build_timeline(evidence, dim, segments, panel)
    tables = engagement_tables(basis, panel, segments, contribution_dates) | basis.surveys(segments)
    value, presence = basis.value(timeline, panel)
    tables |= basis.time(timeline) | value
    tables |= build_experience(tables["survey_scores"], evidence, dim, segments, seeds, settings["min_answers"])
    comments = find_comments(
        evidence, judged["survey_answers"], settings["reporting_timezone"], seeds["comment_themes"]
    )
    tables |= build_comments(evidence, comments, seeds, settings, tables["fct_engagement_scores"])
    tables |= build_response(evidence, dim, segments, tables, seeds, settings)
    scores = tables["fct_engagement_scores"]
    tables |= build_signals(panel, evidence, dim, scores, seeds, settings["reporting_timezone"])
    if settings["python_models"]:
        tables |= build_backtest(panel, dim, segments, evidence.as_of)
        tables["nps_drivers"] = nps_drivers(evidence, seeds, settings["min_answers"], theme_labels(comments))
    rules = load_rules(seeds["value_rules"])
    tables["customer_scores"] = customer_scores(tables, last_trends(panel), presence, rules)
    return {name: plain(table) for name, table in tables.items()}


def compute_engagement(
    raw_folder: Path,
    seeds: dict[str, pd.DataFrame],
    settings: dict,
    contribution_dates: list[dt.date],
    known: tuple[dt.date, dt.date],
) -> dict[str, pd.DataFrame]:
    """The tables of engagement and of time on site alone, as `compute` gives them.

    With them comes `engagement_as_known`, for the `known_on` and `score_date` of `known`.
    """
    basis = lay_basis(raw_folder, seeds, settings)
    panel, segments = basis.panel(), build_segments(basis.evidence, basis.dim, basis.settings["segment_columns"])
    tables = engagement_tables(basis, panel, segments, contribution_dates)
    tables |= basis.time(build_timeline(basis.evidence, basis.dim, segments, panel))
    tables["engagement_as_known"] = as_known(panel, *map(pd.Timestamp, known))
    return {name: plain(table) for name, table in tables.items()}


def engagement_tables(
    basis: Basis, panel: Panel, segments: pd.DataFrame, contribution_dates: list[dt.date] | None
) -> dict[str, pd.DataFrame]:
    """What is made of customers and events."""
    settings, seeds, judged, evidence, dim = basis
    dates = [evidence.as_of] if contribution_dates is None else [pd.Timestamp(day) for day in contribution_dates]
    asked = panel.positions(dates)
    who, place = np.nonzero(panel.exists[:, asked])
    return {
        "row_reconciliation": row_reconciliation(judged),
        "rejected_rows": rejected_rows(judged),
        "dim_customers": dim[DIM_COLUMNS],
        "customer_segments": segments,
        "dim_dates": pd.DataFrame({"calendar_date": pd.date_range(evidence.first_day, evidence.as_of)}),
        **build_engagement(panel, evidence.events, settings["score_half_life_days"], asked),
        "score_restatements": restatements(panel),
        "segment_engagement": segment_engagement(panel, segments),
        "engagement_distribution": distribution(panel),
        "segment_comparisons": comparisons(panel, segments),
        "scale_effects": scale_effects(panel),
        "engagement_trends": trends(panel, who, asked[place]),
        "instrumentation_breaks": instrumentation_breaks(panel, seeds["instrumentation_rules"]),
    }


def compute_surveys(
    raw_folder: Path, seeds: dict[str, pd.DataFrame] | None = None, settings: dict | None = None
) -> dict[str, pd.DataFrame]:
    """The survey tables alone, as `compute` gives them."""
    basis = lay_basis(raw_folder, seeds, settings)
    segments = build_segments(basis.evidence, basis.dim, basis.settings["segment_columns"])
    return {name: plain(table) for name, table in basis.surveys(segments).items()}


def compute_value(
    raw_folder: Path, seeds: dict[str, pd.DataFrame] | None = None, settings: dict | None = None
) -> dict[str, pd.DataFrame]:
    """The tables of time on site, activity, retention, awareness and value alone, as `compute` gives them."""
    basis = lay_basis(raw_folder, seeds, settings)
    panel, segments = basis.panel(), build_segments(basis.evidence, basis.dim, basis.settings["segment_columns"])
    timeline = build_timeline(basis.evidence, basis.dim, segments, panel)
    tables = basis.time(timeline) | basis.value(timeline, panel)[0]
    return {name: plain(table) for name, table in tables.items()}


def engagement_as_known(raw_folder: Path, known_on: dt.date, score_date: dt.date) -> pd.DataFrame:
    """The scores of one date from the events that were loaded by the end of `known_on`, on the scale in use today.

    One row per row of `fct_engagement_scores` of that date: customer_id, score_date, event_count, active_days, points,
    engagement_score. The types are those of `compute`.
    """
    panel = lay_basis(raw_folder, None, None).panel()
    return plain(as_known(panel, pd.Timestamp(known_on), pd.Timestamp(score_date)))
