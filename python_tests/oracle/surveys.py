"""Surveys: classes, scores, intervals and changes, from the answers themselves."""

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from .customers import Evidence
from .engagement import band_of
from .settings import OracleError, clean_text

CONFIDENCE = 0.95
NOTHING = (np.nan, np.nan)
HOUR = pd.Timedelta(hours=1)
SPLIT = ["metric", "segment_dimension", "period_grain", "period_start"]
CELL = ["metric", "segment_dimension", "segment_value", "period_grain", "period_start"]
SHOWN = ["positives", "neutrals", "negatives", "mean_score", "score", "ci_low", "ci_high"]
CHANGES = ["previous_score", "score_change", "change_p_value", "change_p_value_adjusted", "is_change_significant"]


def classify(score: int, negative_to: int, positive_from: int, higher_is: str) -> str:
    """`positive`, `neutral` or `negative` (D24)."""
    if higher_is == "worse":
        score, negative_to, positive_from = -score, -negative_to, -positive_from
    if score <= negative_to:
        return "negative"
    return "positive" if score >= positive_from else "neutral"


def nps(positives: int, negatives: int, n: int) -> float:
    """Net promoter score, -100 to 100; NaN where n is 0."""
    return 100 * (positives - negatives) / n if n else np.nan


def nps_variance(positives: float, negatives: float, n: float) -> float:
    """Population variance of answers counted +1, 0 and -1."""
    return (positives + negatives) / n - ((positives - negatives) / n) ** 2


def nps_standard_error(positives: int, negatives: int, n: int) -> float:
    """Standard error of the net share, on the scale -1 to 1."""
    return np.sqrt(nps_variance(positives, negatives, n) / n)


def nps_interval(positives: int, negatives: int, n: int) -> tuple[float, float]:
    """Adjusted Wald interval in points: of n + 3, P + ¾, D + ¾, clipped to ±100, widened to the raw score."""
    if not n:
        return NOTHING
    more = (positives + 0.75, negatives + 0.75, n + 3)
    centre = (more[0] - more[1]) / more[2]
    reach = stats.norm.ppf((1 + CONFIDENCE) / 2) * np.sqrt(nps_variance(*more) / more[2])
    low, high = np.clip([100 * (centre - reach), 100 * (centre + reach)], -100, 100)
    return min(low, nps(positives, negatives, n)), max(high, nps(positives, negatives, n))


def wilson_interval(successes: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson interval of a proportion, 0 to 1."""
    return proportion_confint(successes, n, alpha=1 - confidence, method="wilson") if n else NOTHING


def newcombe_interval(
    successes_1: int, n_1: int, successes_2: int, n_2: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Newcombe's interval of proportion 1 minus proportion 2, -1 to 1."""
    return confint_proportions_2indep(
        successes_1, n_1, successes_2, n_2, method="newcomb", compare="diff", alpha=1 - confidence
    )


def t_interval(scores: list[int]) -> tuple[float, float]:
    """t interval of the mean; NaN where there are fewer than two scores."""
    if len(scores) < 2:
        return NOTHING
    reach = stats.t.ppf((1 + CONFIDENCE) / 2, len(scores) - 1) * mean_standard_error(scores)
    return np.mean(scores) - reach, np.mean(scores) + reach


def mean_standard_error(scores: list[int]) -> float:
    """Standard error of the mean, by the sample variance; NaN where there are fewer than two scores."""
    return np.std(scores, ddof=1) / np.sqrt(len(scores)) if len(scores) > 1 else np.nan


def difference_p_value(change: float, error_1: float, error_2: float) -> float:
    """Two-sided p of z = change / √(SE₁² + SE₂²); NaN where it cannot be told."""
    error = np.hypot(error_1, error_2)
    return 2 * stats.norm.sf(abs(change) / error) if error > 0 else np.nan


class Metric:
    """How one metric turns counted answers into a score; `scale` is (min, max) of its questions."""

    def __init__(self, name: str, kind: str, scales: set[tuple[int, int]]):
        if kind in ("mean", "rescaled_mean") and len(scales) > 1:
            raise OracleError(f"survey_questions: the questions of {name} have different scales, and it is a mean.")
        self.kind = kind
        self.low, self.high = next(iter(scales), (0, 1))

    def rescaled(self, mean: float) -> float:
        """A mean of answers in the unit of the score."""
        return 100 * (mean - self.low) / (self.high - self.low) if self.kind == "rescaled_mean" else mean

    def score(self, positives: int, negatives: int, scores: list[int]) -> float:
        """The score; NaN without answers."""
        n = len(scores)
        if not n:
            return np.nan
        if self.kind == "net_share":
            return nps(positives, negatives, n)
        if self.kind == "positive_share":
            return 100 * positives / n
        if self.kind == "mean":
            return sum(scores) / n
        # From the whole sum, so that no mean is rounded on the way to a band's edge.
        return 100 * (sum(scores) - n * self.low) / (n * (self.high - self.low))

    def interval(self, positives: int, negatives: int, scores: list[int]) -> tuple[float, float]:
        """Ends of the 95 % interval, in the unit of the score."""
        if self.kind == "net_share":
            return nps_interval(positives, negatives, len(scores))
        if self.kind == "positive_share":
            return tuple(100 * end for end in wilson_interval(positives, len(scores)))
        return tuple(self.rescaled(end) for end in t_interval(scores))

    def p_value(self, now: pd.Series, before: pd.Series) -> float:
        """Raw p-value of the change between two cells (positives, negatives, scores)."""
        if self.kind == "positive_share":
            return share_p_value(now.positives, now.counted, before.positives, before.counted)
        if self.kind == "net_share":
            errors = [100 * nps_standard_error(one.positives, one.negatives, one.counted) for one in (now, before)]
            return difference_p_value(now.score - before.score, *errors)
        errors = [mean_standard_error(one.scores) for one in (now, before)]
        return difference_p_value(np.mean(now.scores) - np.mean(before.scores), *errors)


def share_p_value(successes_1: int, n_1: int, successes_2: int, n_2: int) -> float:
    """Two-sided p of the pooled z of two proportions; NaN where all or none succeed, and nothing can be told."""
    if successes_1 + successes_2 in (0, n_1 + n_2):
        return np.nan
    return proportions_ztest([successes_1, successes_2], [n_1, n_2])[1]


def load_metrics(seeds: dict[str, pd.DataFrame], used: set[str]) -> dict[str, Metric]:
    """The metrics of the seed `survey_metrics`, by name, with the scale of their questions in `used`."""
    questions = seeds["survey_questions"]
    scales = {}
    for row in questions.itertuples():
        if clean_text(row.question) in used:
            scales.setdefault(row.metric, set()).add((int(row.scale_min), int(row.scale_max)))
    absent = sorted(set(questions["metric"]) - set(seeds["survey_metrics"]["metric"]))
    if absent:
        raise OracleError(f"survey_metrics lacks {', '.join(absent)}, which survey_questions names.")
    return {
        row.metric: Metric(row.metric, row.score_kind, scales.get(row.metric, set()))
        for row in seeds["survey_metrics"].itertuples()
    }


def prepare(answers: pd.DataFrame, questions: pd.DataFrame) -> pd.DataFrame:
    """Answers with metric, class, the day that places them, and whether each period counts them."""
    catalogue = {clean_text(row.question): row for row in questions.itertuples()}
    asked_for = [catalogue[question] for question in answers["question"]]
    rows = answers.assign(
        metric=pd.Series([row.metric for row in asked_for], answers.index, dtype=object),
        is_latest_only=np.array([row.counting == "latest_per_respondent" for row in asked_for], bool),
        # Neither asked nor scored, a comment alone is placed by its own day.
        day=answers["answered_day"].where(answers["is_answer"], answers["sent_day"].fillna(answers["answered_day"])),
        answered_at=answers["answered_at"].where(answers["is_answer"]),
        is_asked=answers["sent_at"].notna(),
        score=pd.Series([None if pd.isna(score) else int(score) for score in answers["score"]], dtype=object),
    )
    rows["answer_class"] = pd.Series(
        [
            classify(score, int(row.negative_to), int(row.positive_from), row.higher_is) if score is not None else None
            for score, row in zip(rows["score"], asked_for, strict=True)
        ],
        rows.index,
        dtype=object,
    )
    rows["month"] = rows["day"].dt.to_period("M").dt.start_time.astype("datetime64[us]")
    rows["is_counted"] = counted_in(rows, ["month"])
    rows["is_counted_in_all"] = counted_in(rows, [])
    return rows


def counted_in(rows: pd.DataFrame, period: list[str]) -> np.ndarray:
    """Which answers count within a period: every one, or the latest of each respondent (D25)."""
    latest = rows[rows["is_answer"] & rows["is_latest_only"]].sort_values(["answered_at", "answer_id"])
    person = ["customer_id", "respondent_id", "metric", *period]
    kept = latest.drop_duplicates(person, keep="last").index
    return (rows["is_answer"] & (~rows["is_latest_only"] | rows.index.isin(kept))).to_numpy(bool)


def answer_facts(rows: pd.DataFrame) -> pd.DataFrame:
    """The table `fct_survey_answers`."""
    names = ["answer_id", "customer_id", "respondent_id", "question", "metric", "sent_at", "answered_at"]
    facts = rows[[*names, "is_counted", "touchpoint", "channel", "language"]].copy()
    facts.insert(7, "score", rows["score"].astype("Int64"))
    for place, name in enumerate(("positive", "neutral", "negative"), 9):
        facts.insert(place, name, ((rows["answer_class"] == name) & rows["is_counted"]).astype(int))
    facts["hours_to_answer"] = ((rows["answered_at"] - rows["sent_at"]) / HOUR).where(rows["is_answer"])
    return facts.sort_values("answer_id", ignore_index=True)


def segment_on_day(rows: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Each row once per dimension, with the segment of its customer on its day."""
    ordered = rows.sort_values("day", kind="stable")
    return pd.concat(
        [
            pd.merge_asof(
                ordered,
                own.sort_values("valid_from")[["customer_id", "segment_dimension", "segment_value", "valid_from"]],
                left_on="day",
                right_on="valid_from",
                by="customer_id",
            )
            for _, own in segments.groupby("segment_dimension")
        ],
        ignore_index=True,
    )


def count_cells(rows: pd.DataFrame, by: list[str], counted: str) -> pd.DataFrame:
    """Per group of rows the counts, and the list of the counted scores themselves."""
    inside = rows[counted]
    flags = rows[by].assign(
        asked=rows["is_asked"],
        answered=rows["is_answer"],
        counted=inside,
        positives=inside & (rows["answer_class"] == "positive"),
        neutrals=inside & (rows["answer_class"] == "neutral"),
        negatives=inside & (rows["answer_class"] == "negative"),
    )
    table = flags.groupby(by).sum().astype(int)
    scores = rows[inside].groupby(by)["score"].agg(list).to_dict()
    table["scores"] = [scores.get(key, []) for key in table.index]
    return table.reset_index()


def build_scores(rows: pd.DataFrame, segments: pd.DataFrame, seeds: dict, metrics: dict, min_answers: int):
    """The table `survey_scores`."""
    names = [*CELL, "asked", "answered", "counted", *SHOWN, *CHANGES, "is_suppressed", "band"]
    placed = rows[rows["day"].notna()]
    if placed.empty:
        return pd.DataFrame(columns=names)
    split = segment_on_day(placed, segments)
    by = ["metric", "segment_dimension", "segment_value", "period_start"]
    table = pd.concat(
        [
            count_cells(split.assign(period_start=split["month"]), by, "is_counted").assign(period_grain="month"),
            count_cells(split.assign(period_start=placed["day"].min()), by, "is_counted_in_all").assign(
                period_grain="all"
            ),
        ],
        ignore_index=True,
    )
    measured = [
        (
            metric.score(row.positives, row.negatives, row.scores),
            *metric.interval(row.positives, row.negatives, row.scores),
        )
        for row in table.itertuples()
        for metric in [metrics[row.metric]]
    ]
    table[["score", "ci_low", "ci_high"]] = np.array(measured, float)
    table["mean_score"] = [sum(scores) / len(scores) if scores else np.nan for scores in table["scores"]]
    table["is_suppressed"] = suppressed(table, min_answers)
    table = add_changes(table, metrics)
    table["band"] = None
    for metric, own in table.groupby("metric"):
        table.loc[own.index, "band"] = band_of(own["score"], seeds["score_bands"], metric)
    hidden = table["is_suppressed"]
    for name in ("positives", "neutrals", "negatives"):
        table[name] = table[name].astype("Int64")
    table.loc[hidden, SHOWN] = pd.NA
    table.loc[hidden, "band"] = None
    return table[names].sort_values(CELL, ignore_index=True)


def suppressed(table: pd.DataFrame, min_answers: int) -> np.ndarray:
    """Cells that are too small, and the one more that keeps a single small one from being had by subtraction (D31)."""
    is_small = (table["counted"] > 0) & (table["counted"] < min_answers)
    hidden = is_small.copy()
    for _, split in table.groupby(SPLIT):
        shown = split[~is_small[split.index] & (split["counted"] > 0)]
        if is_small[split.index].sum() == 1 and len(shown):
            hidden[shown.sort_values(["counted", "segment_value"]).index[0]] = True
    return hidden.to_numpy()


def add_changes(table: pd.DataFrame, metrics: dict[str, Metric]) -> pd.DataFrame:
    """The table with its columns of change (D30); null for suppressed cells and against suppressed ones."""
    place = ["metric", "segment_dimension", "segment_value"]
    shown = table[(table["period_grain"] == "month") & ~table["is_suppressed"]]
    months = {
        (*key, row.period_start): row
        for key, row in zip(shown[place].itertuples(index=False, name=None), shown.itertuples(), strict=True)
    }
    changes = pd.DataFrame(np.nan, table.index, CHANGES[:4])
    excludes_zero = pd.Series(True, table.index)
    for key, now in months.items():
        before = months.get((*key[:-1], now.period_start - pd.DateOffset(months=1)))
        if before is None or not before.counted:
            continue
        changes.loc[now.Index, "previous_score"] = before.score
        if not now.counted:
            continue
        metric = metrics[now.metric]
        changes.loc[now.Index, "score_change"] = now.score - before.score
        changes.loc[now.Index, "change_p_value"] = metric.p_value(now, before)
        if metric.kind == "positive_share":
            low, high = newcombe_interval(now.positives, now.counted, before.positives, before.counted)
            excludes_zero[now.Index] = low > 0 or high < 0
    for _, split in table.groupby(SPLIT):
        p_values = changes.loc[split.index, "change_p_value"].dropna()
        if len(p_values):
            changes.loc[p_values.index, "change_p_value_adjusted"] = multipletests(p_values, method="fdr_bh")[1]
    adjusted = changes["change_p_value_adjusted"]
    changes["is_change_significant"] = (adjusted < 0.05) & excludes_zero
    return table.join(changes)


def answer_distribution(rows: pd.DataFrame) -> pd.DataFrame:
    """The table `answer_distribution`: every accepted answer by question and score; share is 0 to 1."""
    keys = ["question", "metric", "score"]
    table = rows[rows["is_answer"]].groupby(keys).size().rename("answers").reset_index()
    table["share"] = table["answers"] / table.groupby("question")["answers"].transform("sum")
    return table


def customer_scores(rows: pd.DataFrame, dim: pd.DataFrame, metrics: dict[str, Metric]) -> pd.DataFrame:
    """The table `customer_survey_scores`: every customer and metric."""
    table = pd.MultiIndex.from_product([sorted(dim["customer_id"]), sorted(metrics)], names=["customer_id", "metric"])
    table = table.to_frame(index=False).astype(object)
    key = ["customer_id", "metric"]
    table = table.merge(count_cells(rows, key, "is_counted_in_all"), how="left", on=key)
    last = rows[rows["is_answer"]].sort_values(["answered_at", "answer_id"]).drop_duplicates(key, keep="last")
    last = last[[*key, "score", "answered_at"]].rename(
        columns={"score": "last_score", "answered_at": "last_answered_at"}
    )
    table = table.merge(last, how="left", on=key)
    counts = ["asked", "answered", "counted", "positives", "negatives"]
    table[counts] = table[counts].fillna(0).astype(int)
    table["score"] = [
        metrics[row.metric].score(row.positives, row.negatives, row.scores) if row.counted else np.nan
        for row in table.itertuples()
    ]
    table["last_score"] = table["last_score"].astype("Int64")
    table["response_class"] = np.select(
        [table["answered"] > 0, table["asked"] > 0], ["answered", "no_answer"], "not_asked"
    )
    return table[[*key, *counts[:3], "score", "last_score", "last_answered_at", "response_class"]]


def build_surveys(
    evidence: Evidence, dim: pd.DataFrame, segments: pd.DataFrame, seeds: dict[str, pd.DataFrame], min_answers: int
) -> dict[str, pd.DataFrame]:
    """The survey tables."""
    metrics = load_metrics(seeds, set(evidence.answers["question"]))
    rows = prepare(evidence.answers, seeds["survey_questions"])
    return {
        "fct_survey_answers": answer_facts(rows),
        "survey_scores": build_scores(rows, segments, seeds, metrics, min_answers),
        "answer_distribution": answer_distribution(rows),
        "customer_survey_scores": customer_scores(rows, dim, metrics),
    }
