"""Signals: which rules hold for whom on each list date, for how long, and what came of it."""

import hashlib
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd

from .customers import UNKNOWN, Evidence
from .engagement import SCALED, Panel, exact
from .raw import DAY, reporting_days
from .settings import OracleError, clean_text, number, six_places
from .surveys import newcombe_interval, over, prepare, wilson_interval

LIST_DAYS = 182
ANSWER_DAYS = 365
SUNDAY = 6
FULL = 100 * SCALED
FAILS = -1
BUCKETS = 10**6
PERSON_DAY = ["customer_id", "score_date"]
SCORED = [
    "engagement_score",
    "score_change",
    "baseline_ratio",
    "engagement_percentile",
    "event_count",
    "active_days",
    "active_users",
]
COUNTED = ["feature_breadth", "support_contacts", "purchases"]
LAST_ANSWERS = {"last_nps": "nps", "last_csat": "csat", "last_effort": "effort"}
MEASURES = [
    *SCORED,
    "active_users_change",
    "days_since_last_event",
    "feature_breadth",
    "support_contacts",
    "support_share",
    "purchases",
    *LAST_ANSWERS,
    "trial_days",
]
STAGES = ["trial", "subscribed", "churned", UNKNOWN]
OUTCOMES = ["churned", "subscribed", "purchased", "engagement_rose"]
GROUPS = {"listed": False, "held_out": True}
WIDE = ["trial_conversion", "churn_risk", "upsell", "advocate", "training_need"]


class Condition(NamedTuple):
    """A row of `signal_rules`; no stage means any but churned, no `full_at` that it is always at its strongest."""

    signal: str
    rule: str
    stage: str | None
    measure: str
    is_floor: bool
    threshold: Fraction
    full_at: Fraction | None


class Outcome(NamedTuple):
    """A row of `signal_outcomes`."""

    signal: str
    outcome: str
    within_days: int
    holdout_share: Fraction
    acted_on_from: pd.Timestamp


def load_rules(seed: pd.DataFrame) -> list[Condition]:
    """The conditions of `signal_rules`. Raises OracleError for a measure, comparison or stage that is none."""
    conditions = []
    for row in seed.itertuples():
        where = f"signal_rules, {row.signal}, {row.rule}"
        stage = clean_text(row.lifecycle_stage)
        known = row.measure in MEASURES and row.comparison in ("at_least", "at_most") and stage in (None, *STAGES)
        if not known:
            raise OracleError(f"{where}: there is no such measure, comparison or stage.")
        ends = [Fraction(six_places(number(text, where))) if text else None for text in (row.threshold, row.full_at)]
        if ends[0] is None:
            raise OracleError(f"{where}: a condition needs a threshold.")
        conditions.append(Condition(row.signal, row.rule, stage, row.measure, row.comparison == "at_least", *ends))
    return conditions


def load_outcomes(seed: pd.DataFrame) -> dict[str, Outcome]:
    """The rows of `signal_outcomes` by signal. Raises OracleError where there are two, or an outcome is none."""
    outcomes = {}
    for row in seed.itertuples():
        where = f"signal_outcomes, {row.signal}"
        days, share = (number(text, where) for text in (row.within_days, row.holdout_share))
        if row.signal in outcomes or row.outcome not in OUTCOMES:
            raise OracleError(f"{where}: there are two rows, or no outcome is named {row.outcome}.")
        if days < 1 or days % 1 != 0 or not 0 <= share <= 1:
            raise OracleError(f"{where}: days are whole and greater than 0, a share lies between 0 and 1.")
        since = pd.Timestamp(row.acted_on_from or pd.Timestamp.min)
        outcomes[row.signal] = Outcome(row.signal, row.outcome, int(days), Fraction(share), since)
    return outcomes


def list_dates(as_of: pd.Timestamp, origin: pd.Timestamp) -> pd.DatetimeIndex:
    """The days on which everybody is judged: today, and the Sundays before it, from the first event on."""
    days = pd.date_range(as_of - (LIST_DAYS - 1) * DAY, as_of, unit="us")
    return days[((days.day_of_week == SUNDAY) | (days == as_of)) & (days >= origin)]


def is_held_out(customer_id: str, outcome: Outcome | None) -> bool:
    """Whether a customer is left alone, by chance and for ever, though the signal holds."""
    if outcome is None:
        return False
    digest = hashlib.md5(f"{customer_id}|{outcome.signal}".encode()).hexdigest()
    return int(digest[:8], 16) % BUCKETS < outcome.holdout_share * BUCKETS


# --- Measures --------------------------------------------------------------------------------------------------------


def purchase_types(seed: pd.DataFrame) -> set[str]:
    """The event types that are purchases."""
    return {clean_text(row.event_type) for row in seed.itertuples() if row.role == "purchase"}


def count_windows(panel: Panel, days: pd.DatetimeIndex, seeds: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """For every customer and list date what the ledger lines of the window, and the last line before it, say."""
    lines = panel.lines
    kinds = pd.Series(panel.types, dtype=object)
    contacts = {clean_text(name) for name in seeds["contact_channels"]["event_type"]}
    counts = {
        name: lines["count"] * kinds.isin(of).to_numpy(bool)[lines["type"]]
        for name, of in (("support_contacts", contacts), ("purchases", purchase_types(seeds["event_types"])))
    }
    lines = lines.assign(**counts)
    everybody = len(panel.customers)
    pieces = [pd.DataFrame(columns=[*PERSON_DAY, "days_since_last_event", *COUNTED])]
    for day in days[days >= panel.origin]:
        today = (day - panel.origin) // DAY
        so_far = lines[lines["at"] <= today]
        last = np.full(everybody, -1)
        np.maximum.at(last, so_far["customer"], so_far["at"])
        inside = so_far[so_far["at"] > today - panel.window]
        used = inside[inside["weight"] > 0].drop_duplicates(["customer", "type"])
        piece = {
            "customer_id": panel.customers,
            "score_date": day,
            "days_since_last_event": np.where(last < 0, np.nan, today - last),
            "feature_breadth": np.bincount(used["customer"], minlength=everybody),
        }
        for name in counts:
            piece[name] = np.bincount(inside["customer"], inside[name], everybody).astype(int)
        pieces.append(pd.DataFrame(piece))
    return pd.concat(pieces[1:] or pieces, ignore_index=True).astype({"score_date": "datetime64[us]"})


def last_means(table: pd.DataFrame, answers: pd.DataFrame) -> pd.Series:
    """For each row the mean score of the customer's last day with an answer; NaN where that is too long ago."""
    own = answers["score"].astype(float).groupby([answers["customer_id"], answers["day"]]).mean()
    own, rows = (
        frame.reset_index().astype({"customer_id": object}).sort_values(day, kind="stable")
        for frame, day in ((own, "day"), (table[PERSON_DAY], "score_date"))
    )
    found = pd.merge_asof(rows, own, left_on="score_date", right_on="day", by="customer_id").set_index("index")
    return found["score"].where(found["score_date"] - found["day"] < ANSWER_DAYS * DAY).sort_index()


def stages(table: pd.DataFrame, dim: pd.DataFrame, zone: str) -> pd.DataFrame:
    """lifecycle_stage (D7) and trial_days of each row on its day."""
    days = {name: reporting_days(dim[name], zone) for name in ("trial_started_at", "subscribed_at")}
    days = pd.DataFrame({**days, "churn_day": dim["churn_day"]}).set_axis(dim["customer_id"])
    own, day = days.reindex(table["customer_id"]).set_axis(table.index), table["score_date"]
    stage = np.select(
        [own["churn_day"] == day, own["subscribed_at"] <= day, own["trial_started_at"] <= day],
        ["churned", "subscribed", "trial"],
        UNKNOWN,
    )
    trial_days = (day - own["trial_started_at"]) / DAY
    return pd.DataFrame({"lifecycle_stage": stage.astype(object), "trial_days": trial_days.where(stage == "trial")})


def gather_measures(
    panel: Panel,
    evidence: Evidence,
    dim: pd.DataFrame,
    scores: pd.DataFrame,
    seeds: dict[str, pd.DataFrame],
    zone: str,
) -> pd.DataFrame:
    """One row per customer and list date with a row of `scores`: all measures and lifecycle_stage, oldest first."""
    days = list_dates(evidence.as_of, panel.origin)
    table = scores.loc[scores["score_date"].isin(days), [*PERSON_DAY, *SCORED]].reset_index(drop=True)
    window = panel.window * DAY
    before = scores.loc[scores["score_date"].isin(days - window), [*PERSON_DAY, "active_users"]]
    before = before.assign(score_date=before["score_date"] + window).rename(columns={"active_users": "earlier_users"})
    table = table.merge(before, how="left", on=PERSON_DAY)
    table["active_users_change"] = table["active_users"] - table["earlier_users"]
    table = table.merge(count_windows(panel, days, seeds), how="left", on=PERSON_DAY)
    table["support_share"] = over(table["support_contacts"].astype(float), table["event_count"])
    answers = prepare(evidence.answers, seeds["survey_questions"])
    answers = answers[answers["is_answer"]]
    for name, metric in LAST_ANSWERS.items():
        table[name] = last_means(table, answers[answers["metric"] == metric])
    table = table.join(stages(table, dim, zone))
    return table[[*PERSON_DAY, "lifecycle_stage", *MEASURES]].sort_values(PERSON_DAY, ignore_index=True)


# --- Rules -----------------------------------------------------------------------------------------------------------


def strength_of(value: object, threshold: Fraction, full_at: Fraction | None) -> int:
    """How far a value is on the way from the threshold to `full_at`: 0 to 100, in millionths, rounded."""
    if full_at is None or full_at == threshold:
        return FULL
    share = (Fraction(value) - threshold) / (full_at - threshold)
    return int(min(max(share, 0), 1) * FULL + Fraction(1, 2))


def condition_strengths(condition: Condition, table: pd.DataFrame) -> np.ndarray:
    """For each row the strength of a condition (millionths); FAILS where it does not hold."""
    values = table[condition.measure]
    numbers, threshold = values.to_numpy(float, na_value=np.nan), float(condition.threshold)
    holds = numbers >= threshold if condition.is_floor else numbers <= threshold
    stage = table["lifecycle_stage"].to_numpy(object)
    holds &= stage != "churned" if condition.stage is None else stage == condition.stage
    codes, distinct = pd.factorize(values.to_numpy(object)[holds])
    own = [strength_of(value, condition.threshold, condition.full_at) for value in distinct]
    strengths = np.full(len(table), FAILS, np.int64)
    strengths[holds] = np.array(own, np.int64)[codes]
    return strengths


def judge_lists(conditions: list[Condition], table: pd.DataFrame) -> pd.DataFrame:
    """One row per row of `table` and signal that holds: customer_id, score_date, signal, strength, rule, rules_held.

    strength is in millionths; the rule is the strongest, of equals the first by name.
    """
    pieces = [pd.DataFrame(columns=[*PERSON_DAY, "signal", "strength", "rule", "rules_held"])]
    for signal in sorted({condition.signal for condition in conditions}):
        own = [condition for condition in conditions if condition.signal == signal]
        rules = sorted({condition.rule for condition in own})
        # FAILS is less than any strength, so one condition that fails is the least of its rule.
        by_rule = np.array(
            [
                np.min([condition_strengths(one, table) for one in own if one.rule == rule], axis=0, initial=FULL)
                for rule in rules
            ]
        )
        best = by_rule.max(axis=0, initial=FAILS)
        held = np.flatnonzero(best > FAILS)
        if len(held):
            piece = table.loc[held, PERSON_DAY].assign(signal=signal, strength=best[held])
            piece["rule"] = np.array(rules, object)[by_rule.argmax(axis=0)[held]]
            piece["rules_held"] = (by_rule > FAILS).sum(axis=0)[held]
            pieces.append(piece)
    return pd.concat(pieces[1:] or pieces, ignore_index=True).astype({"score_date": "datetime64[us]"})


def find_spells(held: pd.DataFrame, days: pd.DatetimeIndex, outcomes: dict[str, Outcome]) -> pd.DataFrame:
    """The table `signal_history`: unbroken runs of list dates on which a signal held."""
    held = held.sort_values(["signal", *PERSON_DAY], ignore_index=True)
    place = pd.Series(days.get_indexer(held["score_date"]), held.index)
    follows = (held[["customer_id", "signal"]] == held[["customer_id", "signal"]].shift()).all(axis=1)
    spell = (~(follows & (place == place.shift() + 1))).cumsum()
    spells = held.groupby(spell).agg(
        customer_id=("customer_id", "first"),
        signal=("signal", "first"),
        from_date=("score_date", "first"),
        to_date=("score_date", "last"),
        peak_strength=("strength", "max"),
        first_rule=("rule", "first"),
    )
    spells = spells.sort_values(["customer_id", "signal", "from_date"], ignore_index=True)
    spells["is_current"] = spells["to_date"].isin(days[-1:])
    spells["peak_strength"] = exact(spells["peak_strength"].to_numpy(np.int64))
    spells["is_held_out"] = hold_out(spells, outcomes)
    return spells


def hold_out(rows: pd.DataFrame, outcomes: dict[str, Outcome]) -> np.ndarray:
    """Which rows of customer_id and signal are held out."""
    pairs = zip(rows["customer_id"], rows["signal"], strict=True)
    return np.array([is_held_out(customer_id, outcomes.get(signal)) for customer_id, signal in pairs], bool)


def customer_signals(held: pd.DataFrame, spells: pd.DataFrame, measures: pd.DataFrame) -> pd.DataFrame:
    """The table `customer_signals`: what holds today, since when, and on what evidence."""
    now = spells.loc[spells["is_current"], ["customer_id", "signal", "from_date", "to_date", "is_held_out"]]
    now = now.rename(columns={"from_date": "since_date", "to_date": "score_date"})
    table = now.merge(held, on=[*PERSON_DAY, "signal"], validate="one_to_one")
    first = measures.groupby("customer_id")["score_date"].transform("min")
    table = table.merge(measures.assign(first_list=first), on=PERSON_DAY, validate="many_to_one")
    table["is_since_first_list"] = table["since_date"] == table["first_list"]
    table["strength"] = exact(table["strength"].to_numpy(np.int64))
    table["rules_held"] = table["rules_held"].astype(int)
    table[MEASURES] = table[MEASURES].astype(float)
    return table.drop(columns=["score_date", "first_list"])


# --- What came of them -----------------------------------------------------------------------------------------------


def happened(
    spells: pd.DataFrame,
    within: pd.Timedelta,
    outcome: str,
    dim: pd.DataFrame,
    events: pd.DataFrame,
    scores: pd.DataFrame,
) -> np.ndarray:
    """For each spell whether the outcome came after its first day and no more than `within` later.

    `events` are purchases, with customer_id and day; `dim` has churn_day and subscribed_day.
    """
    begin, end = spells["from_date"], spells["from_date"] + within
    if outcome == "engagement_rose":
        score = scores.set_index(PERSON_DAY)["engagement_score"]
        first, last = (
            score.reindex(pd.MultiIndex.from_arrays([spells["customer_id"], day])).to_numpy(float, na_value=np.nan)
            for day in (begin, end)
        )
        return last > first
    if outcome == "purchased":
        days = events[["customer_id", "day"]].drop_duplicates()
    else:
        days = dim[["customer_id"]].assign(day=dim["churn_day" if outcome == "churned" else "subscribed_day"])
    span = pd.DataFrame({"customer_id": spells["customer_id"], "begin": begin, "end": end, "spell": range(len(spells))})
    both = span.merge(days, on="customer_id")
    hit = both.loc[(both["day"] > both["begin"]) & (both["day"] <= both["end"]), "spell"]
    return np.isin(np.arange(len(spells)), hit)


def signal_results(
    spells: pd.DataFrame,
    days: pd.DatetimeIndex,
    as_of: pd.Timestamp,
    outcomes: dict[str, Outcome],
    dim: pd.DataFrame,
    events: pd.DataFrame,
    scores: pd.DataFrame,
) -> pd.DataFrame:
    """The table `signal_results`: what came of the listed and of those that were held out."""
    rows = []
    for signal, outcome in sorted(outcomes.items()):
        within = outcome.within_days * DAY
        # What held on the oldest list date began on a day that nobody knows.
        is_ripe = (spells["from_date"] + within <= as_of) & ~spells["from_date"].isin(days[:1])
        is_ripe &= spells["from_date"] >= outcome.acted_on_from
        own = spells[(spells["signal"] == signal) & is_ripe]
        came = happened(own, within, outcome.outcome, dim, events, scores)
        for group, held_out in GROUPS.items():
            is_own = own["is_held_out"].to_numpy(bool) == held_out
            rows.append(
                (signal, group, outcome.outcome, outcome.within_days, int(is_own.sum()), int(came[is_own].sum()))
            )
    names = ["signal", "listed_group", "outcome", "within_days", "spells", "happened"]
    table = pd.DataFrame(rows, columns=names)
    table["outcome_rate"] = over(table["happened"], table["spells"])
    table["rate_low"], table["rate_high"] = wilson_interval(table["happened"], table["spells"])
    counts = table.pivot(index="signal", columns="listed_group", values=["happened", "spells"])
    both = [counts[name, group].to_numpy(float) for group in GROUPS for name in ("happened", "spells")]
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = newcombe_interval(*both)
    is_told = (both[1] > 0) & (both[3] > 0)
    compared = {
        "difference": over(both[0], both[1]) - over(both[2], both[3]),
        "difference_low": np.where(is_told, low, np.nan),
        "difference_high": np.where(is_told, high, np.nan),
    }
    # Of the listed against the held out: it stands with the listed.
    compared = pd.DataFrame(compared, counts.index).assign(listed_group=next(iter(GROUPS))).reset_index()
    return table.merge(compared, how="left", on=["signal", "listed_group"])


def build_signals(
    panel: Panel,
    evidence: Evidence,
    dim: pd.DataFrame,
    scores: pd.DataFrame,
    seeds: dict[str, pd.DataFrame],
    zone: str,
) -> dict[str, pd.DataFrame]:
    """The tables of signals; `scores` is `fct_engagement_scores`."""
    days = list_dates(evidence.as_of, panel.origin)
    outcomes = load_outcomes(seeds["signal_outcomes"])
    measures = gather_measures(panel, evidence, dim, scores, seeds, zone)
    held = judge_lists(load_rules(seeds["signal_rules"]), measures)
    spells = find_spells(held, days, outcomes)
    purchases = evidence.events[evidence.events["event_type"].isin(purchase_types(seeds["event_types"]))]
    dated = dim.assign(subscribed_day=reporting_days(dim["subscribed_at"], zone))
    return {
        "customer_signals": customer_signals(held, spells, measures),
        "signal_history": spells,
        "signal_results": signal_results(spells, days, evidence.as_of, outcomes, dated, purchases, scores),
    }


def signal_columns(signals: pd.DataFrame) -> pd.DataFrame:
    """The columns of `customer_scores` that are signals, for customers that have one."""
    strengths = {
        f"{signal}_strength": signals[signals["signal"] == signal].set_index("customer_id")["strength"]
        for signal in WIDE
    }
    since = signals[signals["signal"] == "churn_risk"].set_index("customer_id")["since_date"]
    return pd.DataFrame({**strengths, "churn_risk_since": since}).rename_axis("customer_id").reset_index()
