"""Customers, their history, and the calendar that all of them share."""

import datetime as dt
from typing import NamedTuple

import numpy as np
import pandas as pd

from .raw import FIXED_SEGMENTS, Judged, reporting_days
from .settings import OracleError

UNKNOWN = "unknown"


class Evidence(NamedTuple):
    """Accepted rows as of today, each with its reporting days (datetime64[us], midnight); days after it do not exist.

    events: + day, load_day. answers: + sent_day, answered_day, is_answer. versions: + updated_day, oldest first.
    """

    events: pd.DataFrame
    answers: pd.DataFrame
    versions: pd.DataFrame
    first_day: pd.Timestamp
    as_of: pd.Timestamp


def gather_evidence(judged: dict[str, Judged], zone: str, as_of_date: dt.date | None) -> Evidence:
    """Place all accepted rows in days, find "today" (D1), and leave out what lies after it.

    Raises OracleError where no accepted row has a day.
    """
    events = judged["events"].accepted.assign(
        day=lambda rows: reporting_days(rows["occurred_at"], zone),
        load_day=lambda rows: reporting_days(rows["first_loaded_at"], zone),
    )
    answers = judged["survey_answers"].accepted.assign(
        sent_day=lambda rows: reporting_days(rows["sent_at"], zone),
        answered_day=lambda rows: reporting_days(rows["answered_at"], zone),
    )
    versions = judged["customers"].accepted.assign(updated_day=lambda rows: reporting_days(rows["updated_at"], zone))
    days = pd.concat([events["day"], answers["sent_day"], answers["answered_day"], versions["updated_day"]]).dropna()
    as_of = days.max() if as_of_date is None else pd.Timestamp(as_of_date).as_unit("us")
    if not (days <= as_of).any():
        raise OracleError("No accepted row has a day up to as_of_date, so there is nothing to score.")

    # What is answered after today was, today, still unanswered.
    later = answers["answered_day"] > as_of
    answers.loc[later, ["answered_at", "answered_day"]] = pd.NaT
    answers.loc[later, "score"] = None
    seen = (answers["sent_day"] <= as_of) | (answers["sent_day"].isna() & answers["answered_day"].notna())
    answers = answers[seen].assign(is_answer=lambda rows: rows["score"].notna())
    return Evidence(
        events[events["day"] <= as_of].reset_index(drop=True),
        answers.reset_index(drop=True),
        versions[~(versions["updated_day"] > as_of)].sort_values("updated_at", na_position="first", kind="stable"),
        pd.concat([events["day"], answers["sent_day"].fillna(answers["answered_day"])]).min(),
        as_of,
    )


def build_customers(evidence: Evidence, zone: str) -> pd.DataFrame:
    """The table `dim_customers`, and for the other parts `churn_day` (NaT unless churned by today)."""
    current = evidence.versions.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    own_days = {name: reporting_days(current[name], zone) for name in ("trial_started_at", "subscribed_at")}
    seen = pd.concat(
        [
            evidence.events[["customer_id", "day"]],
            evidence.answers[["customer_id", "sent_day"]].set_axis(["customer_id", "day"], axis=1),
            evidence.answers[["customer_id", "answered_day"]].set_axis(["customer_id", "day"], axis=1),
            evidence.versions[["customer_id", "updated_day"]].set_axis(["customer_id", "day"], axis=1),
            *(days.rename("day").reset_index() for days in own_days.values()),
        ]
    )
    has_any_day = seen.groupby("customer_id")["day"].count() > 0
    first_seen = seen[seen["day"] <= evidence.as_of].groupby("customer_id")["day"].min().reindex(has_any_day.index)
    first_seen = first_seen.where(has_any_day, evidence.first_day).dropna().sort_index()

    dim = current.reindex(first_seen.index)
    dim["is_inferred"] = ~dim.index.isin(current.index)
    dim["first_seen_date"] = first_seen
    # Without any event the comparison is with NaT, and nobody has been observed.
    begin = evidence.events["day"].min()
    dim["observed_from"] = first_seen.clip(lower=begin) if pd.notna(begin) else pd.NaT
    for name in FIXED_SEGMENTS:
        dim[name] = dim[name].where(dim[name].notna(), UNKNOWN)

    is_churned = dim["churned_at"].notna() & ~(dim["churned_at"] < dim["subscribed_at"])
    churn_day = reporting_days(dim["churned_at"], zone)
    dim["churn_day"] = churn_day.where(is_churned & (churn_day <= evidence.as_of))
    has_come = {name: days.reindex(dim.index) <= evidence.as_of for name, days in own_days.items()}
    dim["lifecycle_stage"] = np.select(
        [dim["churn_day"].notna(), has_come["subscribed_at"], has_come["trial_started_at"]],
        ["churned", "subscribed", "trial"],
        UNKNOWN,
    )
    return dim.reset_index()


def build_segments(evidence: Evidence, dim: pd.DataFrame, segment_columns: list[str]) -> pd.DataFrame:
    """The table `customer_segments`: who was in which segment, from which day to which (D9)."""
    key = ["customer_id", "segment_dimension"]
    own = evidence.versions.drop_duplicates(["customer_id", "updated_day"], keep="last")
    own = own.merge(dim[["customer_id", "first_seen_date"]])
    # The first version says what a customer was before it, too.
    own["valid_from"] = own["updated_day"].where(own.duplicated("customer_id"), own["first_seen_date"])
    unknown = dim[["customer_id"]].assign(valid_from=dim["first_seen_date"], all="all")
    days = pd.concat([unknown, own.assign(all="all")])[["customer_id", "valid_from", "all", *segment_columns]]
    runs = days.melt(["customer_id", "valid_from"], var_name="segment_dimension", value_name="segment_value")
    runs = runs.drop_duplicates([*key, "valid_from"], keep="last").sort_values([*key, "valid_from"], ignore_index=True)
    runs["segment_value"] = runs["segment_value"].fillna(UNKNOWN)
    runs = runs[~runs.duplicated(key) | (runs["segment_value"] != runs["segment_value"].shift())]
    runs["valid_to"] = runs.groupby(key)["valid_from"].shift(-1) - pd.Timedelta(days=1)
    names = [*key, "segment_value", "valid_from", "valid_to"]
    segments = runs[names].astype(dict.fromkeys(names[:3], object) | dict.fromkeys(names[3:], "datetime64[us]"))
    return segments.sort_values(names[:4], ignore_index=True)
