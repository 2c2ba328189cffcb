"""Who answers surveys: response, fatigue, bias, scores weighted back to all customers, and late surveys."""

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd

from .customers import UNKNOWN, Evidence
from .population import adjusted
from .settings import clean_text, number, six_places
from .surveys import (
    CLASSES,
    DAY,
    HOUR,
    Metric,
    load_metrics,
    nps_interval,
    over,
    prepare,
    segment_on_day,
    wilson_interval,
)

NOT_SCORED = "not scored"
MEAN = "mean"
REST = "rest"
SPEND_DAYS = 365
MOST_EARLIER = 3
PLACES = 12
SIGNIFICANCE = 0.05
SHARES = ("net_share", "positive_share")
CENT = Decimal("0.01")
PERSON = ["customer_id", "respondent"]
ESTIMATE = ["score", "ci_low", "ci_high"]


class Inquiry(NamedTuple):
    """What these tables are computed from.

    `placed` are all answers with a day; `rows` those that are asked or answered, with `survey_day` (asked, or the day
    that places them), `respondent` (text) and `is_response` (asked and answered). `scores` has a row for each customer
    and day with a score row, `guides` the seed's numbers.
    """

    placed: pd.DataFrame
    rows: pd.DataFrame
    evidence: Evidence
    dim: pd.DataFrame
    segments: pd.DataFrame
    dimensions: list[str]
    scores: pd.DataFrame
    activity: pd.DataFrame
    metrics: dict[str, Metric]
    triggers: pd.DataFrame
    guides: dict[str, Decimal]
    min_answers: int

    def is_small(self, n: pd.Series) -> pd.Series:
        """Whether there are some, but too few to show a figure made of them."""
        return n.between(1, self.min_answers - 1)

    def first_day(self) -> pd.Timestamp:
        """The day on which all time begins for scores."""
        return self.rows["day"].min()


def middle(groups: pd.api.typing.SeriesGroupBy) -> pd.Series:
    """Median of each group by nearest rank, a value that was; nulls do not count."""
    return groups.quantile(0.5, interpolation="lower")


def month_of(days: pd.Series) -> pd.Series:
    """First day of each day's month."""
    return days.dt.to_period("M").dt.start_time.astype("datetime64[us]")


def by_grain(rows: pd.DataFrame, day: str) -> pd.DataFrame:
    """The rows twice: in their month, and in all time, which begins with the first of them."""
    return pd.concat(
        [
            rows.assign(period_grain="month", period_start=month_of(rows[day])),
            rows.assign(period_grain="all", period_start=rows[day].min()),
        ],
        ignore_index=True,
    )


def bands_on(rows: pd.DataFrame, scores: pd.DataFrame) -> pd.Series:
    """The engagement band of each row's customer on its `day`."""
    found = rows[["customer_id", "day"]].merge(
        scores[["customer_id", "score_date", "engagement_band"]],
        how="left",
        left_on=["customer_id", "day"],
        right_on=["customer_id", "score_date"],
    )
    return found["engagement_band"].set_axis(rows.index).fillna(NOT_SCORED)


# --- Surveys of a respondent -----------------------------------------------------------------------------------------


def list_surveys(rows: pd.DataFrame) -> pd.DataFrame:
    """Each survey, in order of its respondent and day (D60), and whether it was answered."""
    asked = rows[rows["is_asked"]]
    surveys = asked.groupby([*PERSON, "survey_day"])["is_response"].any()
    return surveys.rename("is_answered").reset_index()


def count_surveys(surveys: pd.DataFrame, rows: pd.DataFrame, days: int) -> np.ndarray:
    """For each row the surveys of its respondent 1 to `days` days before its survey_day."""
    people = pd.concat([surveys[PERSON], rows[PERSON]]).groupby(PERSON).ngroup().to_numpy()
    when = pd.concat([surveys["survey_day"], rows["survey_day"]])
    # One line of time for all: each respondent's own begins far enough from the end of the one before.
    day = ((when - when.min()) // DAY).to_numpy() + days
    place = people * (day.max(initial=0) + days + 1) + day
    own, here = np.sort(place[: len(surveys)]), place[len(surveys) :]
    return np.searchsorted(own, here, "left") - np.searchsorted(own, here - days, "left")


def survey_fatigue(base: Inquiry) -> pd.DataFrame:
    """The table `survey_fatigue`."""
    rest = int(base.guides["days_between_surveys"])
    surveys = list_surveys(base.rows)
    surveys["earlier"] = count_surveys(surveys, surveys, rest - 1)
    surveys["is_early"] = surveys["earlier"] > 0
    surveys["position"] = np.arange(len(surveys))
    people = surveys.groupby(PERSON)
    answered_so_far = np.append(0, surveys["is_answered"].cumsum())
    table = people.agg(
        surveys=("position", "size"),
        answered_surveys=("is_answered", "sum"),
        too_early_surveys=("is_early", "sum"),
        is_first_survey_answered=("is_answered", "first"),
        last_survey_date=("survey_day", "last"),
    )
    densest = surveys.sort_values(["earlier", "survey_day"]).drop_duplicates(PERSON, keep="last").set_index(PERSON)
    last = densest["position"]
    first = last - densest["earlier"]
    table["surveys_in_window"] = densest["earlier"] + 1
    table["window_first_date"] = pd.Series(surveys["survey_day"].to_numpy()[first], first.index)
    table["window_last_date"] = densest["survey_day"]
    table["answered_in_window"] = pd.Series(answered_so_far[last + 1] - answered_so_far[first], first.index)
    table["answered_share_in_window"] = over(table["answered_in_window"], table["surveys_in_window"])
    later = table["answered_surveys"] - table["is_first_survey_answered"].astype(int)
    table["later_response_rate"] = over(later, table["surveys"] - 1)
    table["next_survey_date"] = table["last_survey_date"] + rest * DAY
    table = table[table["too_early_surveys"] > 0].reset_index()
    table["respondent"] = table["respondent"].where(table["respondent"] != "", None)
    return table.rename(columns={"respondent": "respondent_id"})


# --- Response --------------------------------------------------------------------------------------------------------


def survey_response(base: Inquiry) -> pd.DataFrame:
    """The table `survey_response`."""
    key = ["metric", "response_dimension", "response_value", "period_grain", "period_start"]
    rows = base.rows.drop(columns="day").rename(columns={"survey_day": "day"})
    earlier = count_surveys(list_surveys(base.rows), base.rows, int(base.guides["days_between_surveys"]) - 1)
    several = f"{MOST_EARLIER} or more"
    values = {
        "survey channel": rows["channel"].fillna(UNKNOWN),
        "survey touchpoint": rows["touchpoint"].fillna(UNKNOWN),
        "engagement band": bands_on(rows, base.scores),
        "earlier surveys": pd.Series(earlier, rows.index).map(lambda n: several if n >= MOST_EARLIER else str(n)),
    }
    of_segments = segment_on_day(rows, base.segments).rename(
        columns={"segment_dimension": "response_dimension", "segment_value": "response_value"}
    )
    others = [rows.assign(response_dimension=name, response_value=value) for name, value in values.items()]
    split = by_grain(pd.concat([of_segments, *others], ignore_index=True), "day")
    split["hours"] = ((split["answered_at"] - split["sent_at"]) / HOUR).where(split["is_response"])
    split["unasked"] = split["is_answer"] & ~split["is_asked"]
    cells = split.groupby(key)
    table = cells.agg(
        asked=("is_asked", "sum"), answered=("is_response", "sum"), answered_unasked=("unasked", "sum")
    ).astype(int)
    enough = table["answered"] >= base.min_answers
    table["median_hours_to_answer"] = middle(cells["hours"]).where(enough)
    table["is_suppressed"] = base.is_small(table["asked"])
    table["response_rate"] = over(table["answered"], table["asked"])
    table["ci_low"], table["ci_high"] = wilson_interval(table["answered"], table["asked"])
    table.loc[table["is_suppressed"], ["response_rate", "ci_low", "ci_high"]] = np.nan
    return table.reset_index()


# --- Respondents beside all customers --------------------------------------------------------------------------------


class Trait(NamedTuple):
    """One line of comparison: a whole number of each customer of whom it is known, in parts of 1 / `unit`."""

    trait: str
    trait_value: str
    is_share: bool
    values: pd.Series
    unit: int = 1

    def mean(self, values: np.ndarray) -> float:
        """Mean of some of the values."""
        return over(values.sum(), len(values) * self.unit)

    def variance(self, values: np.ndarray) -> float:
        """p (1 - p) of a share, else the sample's variance; NaN for fewer than two values."""
        if self.is_share:
            return self.mean(values) * (1 - self.mean(values))
        if len(values) < 2:
            return np.nan
        # From the least on, so that equal values leave exactly nothing.
        return np.var(values - values.min(), ddof=1) / self.unit**2


def list_traits(base: Inquiry, here: pd.DataFrame) -> list[Trait]:
    """All traits, as of today, of the customers `here`."""
    as_of = base.evidence.as_of
    today = base.scores[base.scores["score_date"] == as_of].set_index("customer_id")
    today = today[today.index.isin(here.index)]
    score = today["engagement_score"].dropna().map(lambda score: int(score * 10**6))
    recent = base.activity["activity_date"] > as_of - SPEND_DAYS * DAY
    paid = base.activity[recent & base.activity["amount"].notna()]
    spend = paid.groupby("customer_id")["amount"].apply(sum)
    spend = spend.map(lambda total: int(total.quantize(CENT, ROUND_HALF_UP).scaleb(2)))
    traits = [
        Trait("engagement score", MEAN, False, score.astype(int), 10**6),
        Trait("spend in 365 days", MEAN, False, spend.reindex(here.index).fillna(0).astype(int), 100),
        Trait("days since first seen", MEAN, False, (as_of - here["first_seen_date"]) // DAY),
    ]
    labels = {"engagement band": today["engagement_band"].reindex(here.index).fillna(NOT_SCORED)}
    current = base.segments[base.segments["valid_to"].isna()]
    for dimension in base.dimensions:
        own = current[current["segment_dimension"] == dimension].set_index("customer_id")
        labels[dimension] = own["segment_value"].reindex(here.index)
    for name, label in labels.items():
        traits += [Trait(name, value, True, (label == value).astype(int)) for value in sorted(set(label))]
    return traits


def respondent_bias(base: Inquiry) -> pd.DataFrame:
    """The table `respondent_bias`."""
    here = base.dim[base.dim["lifecycle_stage"] != "churned"].set_index("customer_id")
    answers = base.rows[base.rows["is_answer"]].groupby("metric")["customer_id"].agg(set)
    has_answered = {metric: here.index.isin(answers.get(metric, set())) for metric in base.metrics}
    has_answered = pd.DataFrame(has_answered, here.index)
    lines = []
    for trait in list_traits(base, here):
        if trait.values.empty:
            continue
        everybody, known = trait.values.to_numpy(), has_answered.loc[trait.values.index]
        for metric in base.metrics:
            some = everybody[known[metric].to_numpy(bool)]
            spread = np.sqrt((trait.variance(some) + trait.variance(everybody)) / 2)
            difference = trait.mean(some) - trait.mean(everybody)
            lines.append(
                {
                    "metric": metric,
                    "trait": trait.trait,
                    "trait_value": trait.trait_value,
                    "is_share": trait.is_share,
                    "respondents": len(some),
                    "customers": len(everybody),
                    "respondents_of_value": some.sum() if trait.is_share else len(some),
                    "customers_of_value": everybody.sum() if trait.is_share else len(everybody),
                    "respondent_mean": trait.mean(some),
                    "customer_mean": trait.mean(everybody),
                    "difference": difference,
                    "standardised_difference": over(difference, spread),
                }
            )
    table = pd.DataFrame(lines)
    table["is_suppressed"] = base.is_small(table["respondents"])
    table.loc[table["is_suppressed"], ["respondent_mean", "difference", "standardised_difference"]] = np.nan
    guide = float(base.guides["standardised_difference"])
    return table.assign(is_unlike=table["standardised_difference"].abs() > guide)


# --- Weighting -------------------------------------------------------------------------------------------------------


def place_in_strata(base: Inquiry, start: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    """By customer, for those who were there in the period: the cell on their last day in it."""
    dim = base.dim
    was_there = (dim["first_seen_date"] <= end) & ~(dim["churn_day"] < start)
    was_there &= ~(dim["churn_day"] < dim["first_seen_date"])
    people = dim.assign(day=dim["churn_day"].clip(upper=end).fillna(end)).loc[was_there, ["customer_id", "day"]]
    people = people.astype({"customer_id": object, "day": "datetime64[us]"})
    dimension = (base.dimensions or ["all"])[0]
    own = base.segments[base.segments["segment_dimension"] == dimension]
    placed = segment_on_day(people, own)
    # Who had churned before anything else is known of the customer was in no segment yet.
    segment = placed["segment_value"].fillna(UNKNOWN)
    return (segment + ", " + bands_on(placed, base.scores)).set_axis(placed["customer_id"])


def weigh(base: Inquiry, kind: str, counts: pd.DataFrame, strata: pd.Series) -> dict:
    """Weighted columns of one row; `counts` are counted, positives and negatives by customer."""
    placed = counts.reindex(strata.index, fill_value=0).assign(stratum=strata, customers=1)
    cells = placed.groupby("stratum").sum()
    is_few = cells["counted"] < int(base.guides["answers_per_stratum"])
    # No cell has this name, since each has a comma in it.
    sums = cells.groupby(np.where(is_few, REST, cells.index)).sum()
    sums = sums[sums["counted"] >= base.min_answers]
    size, n = sums["customers"].astype(float), sums["counted"]
    people = size.sum()
    effective = over(people**2, (size**2 / n).round(PLACES).sum())
    p, q = (over((size * sums[name] / n).round(PLACES).sum(), people) for name in ("positives", "negatives"))
    if kind == "net_share":
        score, (low, high) = 100 * (p - q), nps_interval(p * effective, q * effective, effective)
    else:
        score, (low, high) = 100 * p, (100 * end for end in wilson_interval(p * effective, effective))
    return {
        "weighted_answers": int(n.sum()),
        "weighted_score": score,
        "ci_low": low,
        "ci_high": high,
        "effective_n": effective,
        "design_effect": over(n.sum(), effective),
        "customers": len(strata),
        "covered_share": over(people, len(strata)),
        "strata": len(sums),
        "collapsed_cells": "; ".join(sorted(is_few.index[is_few])) or None,
    }


def weighted_survey_scores(base: Inquiry, survey_scores: pd.DataFrame) -> pd.DataFrame:
    """The table `weighted_survey_scores`."""
    names = ["weighted_answers", "weighted_score", "ci_low", "ci_high", "weighting_difference", "effective_n"]
    names = ["metric", "period_grain", "period_start", "counted", "score", *names, "design_effect", "customers"]
    names += ["covered_share", "strata", "collapsed_cells", "is_suppressed"]
    shares = [name for name, metric in base.metrics.items() if metric.kind in SHARES]
    rows = by_grain(base.placed, "day")
    rows = rows[rows["is_asked"] | rows["is_answer"]]
    rows["counted"] = rows["is_counted"].where(rows["period_grain"] == "month", rows["is_counted_in_all"])
    for name, answer_class in CLASSES.items():
        rows[name] = rows["counted"] & (rows["answer_class"] == answer_class)
    lines = []
    for (grain, start), period in rows.groupby(["period_grain", "period_start"]):
        as_of = base.evidence.as_of
        end = as_of if grain == "all" else min(as_of, start + pd.offsets.MonthEnd(0))
        strata = place_in_strata(base, start, end)
        for metric, own in period[period["metric"].isin(shares)].groupby("metric"):
            counts = own.groupby("customer_id")[["counted", "positives", "negatives"]].sum().astype(int)
            line = {"metric": metric, "period_grain": grain, "period_start": start, "counted": counts["counted"].sum()}
            raw = counts.sum().to_frame().T.assign(total=0)
            line["score"] = base.metrics[metric].score(raw)[0]
            lines.append({**line, **weigh(base, base.metrics[metric].kind, counts, strata)})
    table = pd.DataFrame(
        lines, columns=[name for name in names if name not in ("weighting_difference", "is_suppressed")]
    )
    table["weighting_difference"] = table["weighted_score"] - table["score"]
    hidden = survey_scores[survey_scores["is_suppressed"] & (survey_scores["segment_dimension"] == "all")]
    cell = ["metric", "period_grain", "period_start"]
    is_hidden = pd.MultiIndex.from_frame(table[cell]).isin(pd.MultiIndex.from_frame(hidden[cell]))
    table["is_suppressed"] = is_hidden | base.is_small(table["weighted_answers"])
    table.loc[table["is_suppressed"], [*ESTIMATE, "weighted_score", "weighting_difference"]] = np.nan
    return table[names]


# --- Late surveys ----------------------------------------------------------------------------------------------------


def hours_since(base: Inquiry, asked: pd.DataFrame) -> pd.Series:
    """Hours from the last interaction of the touchpoint that had ended, to each asking; NaN where there is none."""
    triggers = base.triggers.map(clean_text).astype(object)
    events = base.evidence.events[["customer_id", "event_type", "occurred_at", "duration_seconds"]]
    events = events.merge(triggers, on="event_type")
    lasted = events["duration_seconds"].map(
        lambda seconds: 0 if pd.isna(seconds) else int(six_places(seconds).scaleb(6))
    )
    events["end"] = events["occurred_at"] + pd.to_timedelta(lasted.astype("int64"), unit="us")
    key = ["customer_id", "touchpoint"]
    types = dict.fromkeys(key, object)
    found = pd.merge_asof(
        asked[[*key, "sent_at"]].astype(types).rename_axis("place").reset_index().sort_values("sent_at"),
        events[[*key, "end"]].astype({**types, "end": "datetime64[us]"}).sort_values("end"),
        left_on="sent_at",
        right_on="end",
        by=key,
        tolerance=int(base.guides["days_to_look_back"]) * DAY,
    )
    return ((found["sent_at"] - found["end"]) / HOUR).set_axis(found["place"]).reindex(asked.index)


def hidden_delays(base: Inquiry, table: pd.DataFrame) -> pd.Series:
    """Cells that are too small, and the next one where a metric would have a single one."""
    hidden = base.is_small(table["counted"])
    for _, own in table.groupby("metric"):
        others = own[~hidden[own.index] & (own["counted"] > 0)].sort_values(["counted", "touchpoint", "delay_class"])
        if hidden[own.index].sum() == 1 and len(others):
            hidden[others.index[0]] = True
    return hidden


def survey_delays(base: Inquiry) -> pd.DataFrame:
    """The table `survey_delays`."""
    key = ["metric", "touchpoint", "delay_class"]
    rows = base.rows[base.rows["is_asked"]]
    rows = rows.assign(touchpoint=rows["touchpoint"].fillna(UNKNOWN))
    rows["hours"] = hours_since(base, rows)
    is_timely = rows["hours"] <= float(base.guides["hours_to_survey"])
    rows["delay_class"] = np.select([rows["hours"].isna(), is_timely], [UNKNOWN, "timely"], "late")
    rows["counted"] = rows["is_counted_in_all"]
    for name, answer_class in CLASSES.items():
        rows[name] = rows["counted"] & (rows["answer_class"] == answer_class)
    rows["number"] = pd.to_numeric(rows["score"]).where(rows["counted"])
    cells = rows.groupby(key)
    table = cells.agg(
        **{name: (name, "sum") for name in ("counted", *CLASSES)},
        asked=("is_asked", "sum"),
        answered=("is_answer", "sum"),
        total=("number", "sum"),
    ).astype(int)
    table["variance"] = cells["number"].var(ddof=1)
    enough = table["asked"] >= base.min_answers
    table["response_rate"] = over(table["answered"], table["asked"])
    table["response_rate"] = table["response_rate"].where(enough)
    table["median_hours_to_survey"] = middle(cells["hours"]).where(enough)
    table = table.reset_index()
    table["is_suppressed"] = hidden_delays(base, table)
    # Where nothing is compared nothing is told apart.
    table["allows_zero"] = True
    table[[*ESTIMATE, "score_difference", "difference_p_value", "difference_p_value_adjusted"]] = np.nan
    for name, own in table[~table["is_suppressed"]].groupby("metric"):
        metric = base.metrics[name]
        table.loc[own.index, "score"] = metric.score(own)
        table.loc[own.index, ["ci_low", "ci_high"]] = np.column_stack(metric.interval(own))
        late, timely = (
            own[(own["delay_class"] == one) & (own["counted"] > 0)].reset_index().set_index("touchpoint")
            for one in ("late", "timely")
        )
        both = late.index.intersection(timely.index)
        late, timely = late.loc[both], timely.loc[both]
        at = late["index"].to_numpy(int)
        p_values, _, allows_zero = metric.compare(late, timely) if len(both) else ([], [], [])
        table.loc[at, "allows_zero"] = allows_zero
        table.loc[at, "score_difference"] = metric.score(late) - metric.score(timely)
        table.loc[at, "difference_p_value"] = p_values
        table.loc[own.index, "difference_p_value_adjusted"] = adjusted(table.loc[own.index, "difference_p_value"])
    is_outside = ~table["allows_zero"].astype(bool)
    table["is_difference_significant"] = (table["difference_p_value_adjusted"] < SIGNIFICANCE) & is_outside
    return table.drop(columns=[*CLASSES, "total", "variance", "allows_zero"])


def build_response(
    evidence: Evidence,
    dim: pd.DataFrame,
    segments: pd.DataFrame,
    tables: dict[str, pd.DataFrame],
    seeds: dict[str, pd.DataFrame],
    settings: dict,
) -> dict[str, pd.DataFrame]:
    """The tables about who answers; `tables` has those of engagement and `survey_scores`."""
    rows = prepare(evidence.answers, seeds["survey_questions"])
    rows["survey_day"] = rows["sent_day"].where(rows["is_asked"], rows["day"])
    rows["respondent"] = rows["respondent_id"].fillna("")
    rows["is_response"] = rows["is_asked"] & rows["is_answer"]
    guides = seeds["survey_guides"]
    base = Inquiry(
        rows,
        rows[rows["is_asked"] | rows["is_answer"]].reset_index(drop=True),
        evidence,
        dim,
        segments,
        settings["segment_columns"],
        tables["fct_engagement_scores"],
        tables["fct_activity_daily"],
        load_metrics(seeds, set(evidence.answers["question"])),
        seeds["survey_triggers"],
        {row.guide: number(row.guide_value, f"survey_guides, {row.guide}") for row in guides.itertuples()},
        settings["min_answers"],
    )
    return {
        "survey_response": survey_response(base),
        "survey_fatigue": survey_fatigue(base),
        "respondent_bias": respondent_bias(base),
        "weighted_survey_scores": weighted_survey_scores(base, tables["survey_scores"]),
        "survey_delays": survey_delays(base),
    }
