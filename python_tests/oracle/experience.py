"""Experience index and operational effort, from the survey scores, the answers and the events themselves."""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd

from .customers import Evidence
from .engagement import band_of
from .settings import OracleError, clean_text, number, six_places
from .surveys import prepare, segment_on_day

MILLION = 10**6
# Each part of operational effort and the count of what it is a mean of.
PARTS = {
    "channel_ease": "rated_contacts",
    "wait_ease": "timed_contacts",
    "resolution_satisfaction": "resolution_answers",
}
COUNTS = ["contacts", *PARTS.values()]
COMPONENTS = ["effort", "empathy", "understanding", "effectiveness"]
CELL = ["segment_dimension", "segment_value", "period_grain", "period_start"]
SPLIT = ["segment_dimension", "period_grain", "period_start"]
BOUNDED_KINDS = ("mean", "rescaled_mean")


class Component(NamedTuple):
    """The metric that measures a component, its kind of score, and the scale on which it was answered."""

    metric: str
    kind: str
    low: int
    high: int
    is_worse: bool

    def value(self, total: int, n: int) -> Fraction:
        """The percentage of the way from the worst to the best of `n` answers with this total."""
        way = n * self.high - total if self.is_worse else total - n * self.low
        return Fraction(100 * way, n * (self.high - self.low))

    def percent(self) -> float:
        """One unit of the metric's interval, in percent of the scale."""
        return 100 / (self.high - self.low) if self.kind == "mean" else 1.0


class Channel(NamedTuple):
    """A row of `contact_channels`; None is not rated."""

    ease: Decimal | None
    limit: Decimal | None


def load_components(seeds: dict[str, pd.DataFrame], answers: pd.DataFrame) -> dict[str, Component]:
    """The components that have a metric of a bounded scale, by name; `answers` are those with a score."""
    kinds = dict(zip(seeds["survey_metrics"]["metric"], seeds["survey_metrics"]["score_kind"], strict=True))
    seed = seeds["experience_components"]
    if seed["component"].duplicated().any():
        raise OracleError("experience_components: a component has two metrics.")
    asked_for = set(answers["question"])
    components = {}
    for row in seed.itertuples():
        if kinds.get(row.metric) not in BOUNDED_KINDS:
            continue
        scales = {
            (int(one.scale_min), int(one.scale_max), one.higher_is == "worse")
            for one in seeds["survey_questions"].itertuples()
            if one.metric == row.metric and clean_text(one.question) in asked_for
        }
        if len(scales) > 1:
            raise OracleError(f"survey_questions: the questions of {row.metric} have different scales or directions.")
        # Without an answer there is no scale, and no answers to measure on it.
        components[row.component] = Component(row.metric, kinds[row.metric], *next(iter(scales), (0, 1, False)))
    return components


def load_channels(seed: pd.DataFrame) -> dict[tuple[str, str | None], Channel]:
    """The rows of `contact_channels`, by event type and channel."""
    channels = {}
    for row in seed.itertuples():
        key = (clean_text(row.event_type), clean_text(row.channel))
        if key in channels:
            raise OracleError(f"contact_channels: there are two rows for {key[0]}, {key[1] or 'any channel'}.")
        ease, limit = (
            number(text, f"contact_channels, {key[0]}") if text else None for text in (row.ease, row.wait_limit_seconds)
        )
        if limit is not None and limit <= 0:
            raise OracleError(f"contact_channels, {key[0]}: wait_limit_seconds must be greater than 0.")
        channels[key] = Channel(ease, limit)
    return channels


def millionths(value: Decimal | None) -> int:
    """A figure of one contact or answer as a whole number, so that sums are exact; 0 for none."""
    return 0 if value is None else int(six_places(value) * MILLION)


def wait_ease(wait: Decimal, limit: Decimal) -> Decimal:
    """100 for no wait, 0 from the limit on."""
    return 100 * (limit - min(wait, limit)) / limit


def gather_contacts(events: pd.DataFrame, seed: pd.DataFrame) -> pd.DataFrame:
    """One row per event by which a customer asked for help: customer_id, day, counts of 0 or 1, and millionths."""
    channels = load_channels(seed)
    own = events[events["event_type"].isin({event_type for event_type, _ in channels})]
    unknown = Channel(None, None)
    eases, waits = [], []
    for event_type, channel, wait in zip(own["event_type"], own["channel"], own["duration_seconds"], strict=True):
        name = None if pd.isna(channel) else channel
        row = channels.get((event_type, name)) or channels.get((event_type, None)) or unknown
        eases.append(row.ease)
        waits.append(None if row.limit is None or pd.isna(wait) else wait_ease(wait, row.limit))
    return pd.DataFrame(
        {
            "customer_id": own["customer_id"].astype(object),
            "day": own["day"],
            "contacts": 1,
            "rated_contacts": np.array([ease is not None for ease in eases], int),
            "timed_contacts": np.array([wait is not None for wait in waits], int),
            "resolution_answers": 0,
            "channel_ease": np.array([millionths(ease) for ease in eases], np.int64),
            "wait_ease": np.array([millionths(wait) for wait in waits], np.int64),
            "resolution_satisfaction": 0,
        }
    )


def gather_resolutions(answers: pd.DataFrame, seeds: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per answer to a support question, as those of `gather_contacts`; `answers` are those with a score."""
    support = {clean_text(question) for question in seeds["support_questions"]["question"]}
    scales = {
        clean_text(row.question): (int(row.scale_min), int(row.scale_max), row.higher_is == "worse")
        for row in seeds["survey_questions"].itertuples()
    }
    own = answers[answers["question"].isin(support)]
    values = []
    for question, score in zip(own["question"], own["score"], strict=True):
        low, high, is_worse = scales[question]
        way = high - int(score) if is_worse else int(score) - low
        values.append(millionths(Decimal(100 * way) / (high - low)))
    return pd.DataFrame(
        {
            "customer_id": own["customer_id"].astype(object),
            "day": own["day"],
            "contacts": 0,
            "rated_contacts": 0,
            "timed_contacts": 0,
            "resolution_answers": 1,
            "channel_ease": 0,
            "wait_ease": 0,
            "resolution_satisfaction": np.array(values, np.int64),
        }
    )


def add_mean(table: pd.DataFrame, parts: list[str], name: str, missing: str) -> None:
    """Adds the mean of exact `parts`, None where one is missing, and which are missing; then all become floats."""
    rows = list(table[parts].itertuples(index=False, name=None))
    means = [None if any(value is None for value in row) else sum(row) / len(row) for row in rows]
    named = [", ".join(part for part, value in zip(parts, row, strict=True) if value is None) or None for row in rows]
    table[name] = pd.Series(means, table.index, dtype=object)
    table[missing] = pd.Series(named, table.index, dtype=object)
    for column in [*parts, name]:
        table[column] = table[column].astype(float)


def exact(values: list[Fraction | None], index: pd.Index) -> pd.Series:
    """A column of fractions, None where there is nothing to measure."""
    return pd.Series(values, index, dtype=object)


def experience_index(scores: pd.DataFrame, components: dict[str, Component], score_bands: pd.DataFrame) -> pd.DataFrame:
    """The table `experience_index`, from the cells of `survey_scores`."""
    cell = [*CELL, "period_end"]
    used = {component.metric for component in components.values()}
    table = scores.loc[scores["metric"].isin(used), cell].drop_duplicates().sort_values(CELL, ignore_index=True)
    margins = np.zeros(len(table))
    table["is_suppressed"] = False
    for name in COMPONENTS:
        component = components.get(name)
        own = scores[scores["metric"] == component.metric] if component else scores[:0]
        own = table[cell].merge(own, how="left", on=cell, validate="one_to_one")
        n = own["counted"].to_numpy(float, na_value=0).astype(int)
        # No row is no suppression.
        is_hidden = own["is_suppressed"].eq(True).to_numpy(bool, na_value=False)
        means, low, high = (own[end].to_numpy(float, na_value=np.nan) for end in ("mean_score", "ci_low", "ci_high"))
        values = [
            # The total of whole scores, whatever the division by n left of it.
            component.value(round(mean * answers), answers) if answers and not hidden else None
            for mean, answers, hidden in zip(means, n.tolist(), is_hidden, strict=True)
        ]
        table[name] = exact(values, table.index)
        table[f"{name}_answers"] = n
        table["is_suppressed"] |= is_hidden
        # Student's interval of one answer is null, and so is the sum.
        margins += (high - low) / 2 * (component.percent() if component else np.nan)
    add_mean(table, COMPONENTS, "experience_index", "missing_components")
    index = table["experience_index"].to_numpy(float)
    table["ci_low"], table["ci_high"] = (np.clip(index + side * margins / len(COMPONENTS), 0, 100) for side in (-1, 1))
    table["band"] = band_of(table["experience_index"], score_bands, "experience_index")
    return table


def add_parts(table: pd.DataFrame, hidden: dict[str, pd.Series]) -> None:
    """Makes the sums of the parts means, None for no contact or answer and where `hidden`; adds operational effort."""
    for part, count in PARTS.items():
        is_hidden = hidden.get(part, pd.Series(False, table.index))
        values = [
            Fraction(total, n * MILLION) if n and not one else None
            for total, n, one in zip(table[part].tolist(), table[count].tolist(), is_hidden, strict=True)
        ]
        table[part] = exact(values, table.index)
    add_mean(table, list(PARTS), "operational_effort", "missing_parts")


def in_periods(rows: pd.DataFrame, first_day: pd.Timestamp, as_of: pd.Timestamp) -> pd.DataFrame:
    """Each row once for its month, once for its quarter and once for all time."""
    pieces = [rows.assign(period_grain="all", period_start=first_day, period_end=as_of)]
    for name, letter in (("month", "M"), ("quarter", "Q")):
        periods = rows["day"].dt.to_period(letter)
        starts, ends = periods.dt.start_time, periods.dt.end_time.dt.normalize()
        pieces.append(rows.assign(period_grain=name, period_start=starts, period_end=ends))
    days = dict.fromkeys(["period_start", "period_end"], "datetime64[us]")
    return pd.concat([piece.astype(days) for piece in pieces], ignore_index=True)


def too_few(table: pd.DataFrame, count: str, min_answers: int) -> pd.Series:
    """Which cells of a part are hidden: the small ones, and one more where a split has a single small one."""
    n = table[count]
    is_small = (n >= 1) & (n < min_answers)
    is_single = is_small.groupby([table[name] for name in SPLIT]).transform("sum") == 1
    others = table[is_single & (n >= min_answers)].sort_values([count, "segment_value"])
    return is_small | table.index.isin(others.drop_duplicates(SPLIT).index)


def operational_effort(
    happened: pd.DataFrame,
    segments: pd.DataFrame,
    evidence: Evidence,
    score_bands: pd.DataFrame,
    min_answers: int,
) -> pd.DataFrame:
    """The table `operational_effort`; `happened` are contacts and answers to support questions."""
    names = [*CELL, "period_end", *COUNTS, *PARTS, "operational_effort", "missing_parts", "is_suppressed", "band"]
    if happened.empty:
        return pd.DataFrame(columns=names)
    placed = in_periods(segment_on_day(happened, segments), evidence.first_day, evidence.as_of)
    table = placed.groupby([*CELL, "period_end"])[[*COUNTS, *PARTS]].sum().reset_index()
    hidden = {part: too_few(table, count, min_answers) for part, count in PARTS.items()}
    add_parts(table, hidden)
    table["is_suppressed"] = np.any(list(hidden.values()), axis=0)
    table["band"] = band_of(table["operational_effort"], score_bands, "operational_effort")
    return table[names].sort_values(CELL, ignore_index=True)


def customer_experience(
    answers: pd.DataFrame, happened: pd.DataFrame, dim: pd.DataFrame, components: dict[str, Component]
) -> pd.DataFrame:
    """The table `customer_experience`: everybody, over all time."""
    table = pd.DataFrame({"customer_id": sorted(dim["customer_id"])}, dtype=object)
    counting = answers[answers["is_counted_in_all"]]
    for name in COMPONENTS:
        component = components.get(name)
        own = counting[counting["metric"] == component.metric] if component else counting[:0]
        by_customer = own["score"].astype(int).groupby(own["customer_id"]).agg(["sum", "count"])
        by_customer = by_customer.reindex(table["customer_id"], fill_value=0)
        totals, counts = by_customer["sum"].tolist(), by_customer["count"].tolist()
        values = [component.value(total, n) if n else None for total, n in zip(totals, counts, strict=True)]
        table[name] = exact(values, table.index)
        table[f"{name}_answers"] = counts
    add_mean(table, COMPONENTS, "experience_index", "missing_components")
    sums = happened.groupby("customer_id")[[*COUNTS, *PARTS]].sum().reindex(table["customer_id"], fill_value=0)
    table[[*COUNTS, *PARTS]] = sums.to_numpy(np.int64)
    add_parts(table, {})
    return table


def build_experience(
    scores: pd.DataFrame,
    evidence: Evidence,
    dim: pd.DataFrame,
    segments: pd.DataFrame,
    seeds: dict[str, pd.DataFrame],
    min_answers: int,
) -> dict[str, pd.DataFrame]:
    """The tables of experience and effort; `scores` is `survey_scores`."""
    rows = prepare(evidence.answers, seeds["survey_questions"])
    answers = rows[rows["is_answer"]]
    components = load_components(seeds, answers)
    happened = pd.concat(
        [gather_contacts(evidence.events, seeds["contact_channels"]), gather_resolutions(answers, seeds)],
        ignore_index=True,
    )
    bands = seeds["score_bands"]
    return {
        "experience_index": experience_index(scores, components, bands),
        "operational_effort": operational_effort(happened, segments, evidence, bands, min_answers),
        "customer_experience": customer_experience(answers, happened, dim, components),
    }
