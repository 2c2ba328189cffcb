"""Surveys: classes, scores, intervals and changes, from the answers themselves."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, test_proportions_2indep

from .customers import Evidence
from .engagement import band_of
from .settings import OracleError, clean_text, number

CONFIDENCE = 0.95
POWER = 0.80
MOVING_DAYS = 90
MOST_ROUNDS = 12
HOUR = pd.Timedelta(hours=1)
DAY = pd.Timedelta(days=1)
SEGMENT = ["metric", "segment_dimension", "segment_value"]
SPLIT = ["metric", "segment_dimension", "period_grain", "period_start"]
CELL = [*SEGMENT, "period_grain", "period_start"]
CLASSES = {"positives": "positive", "neutrals": "neutral", "negatives": "negative"}
SHOWN = [*CLASSES, "mean_score", "score", "ci_low", "ci_high"]
CHANGES = [
    "previous_score",
    "score_change",
    "change_p_value",
    "change_p_value_adjusted",
    "is_change_significant",
    "smallest_detectable_change",
]
KINDS = ["benchmark", "target"]
GOALS = [name for kind in KINDS for name in (f"{kind}_low", f"{kind}_high", f"distance_from_{kind}")]


def classify(score: int, negative_to: int, positive_from: int, higher_is: str) -> str:
    """`positive`, `neutral` or `negative` (D24)."""
    if higher_is == "worse":
        score, negative_to, positive_from = -score, -negative_to, -positive_from
    if score <= negative_to:
        return "negative"
    return "positive" if score >= positive_from else "neutral"


# What follows takes numbers or arrays of them; no answers (n = 0) give NaN.


def over(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """A quotient; NaN where the denominator is 0."""
    numerator, denominator = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator != 0)[()]


def nps(positives: np.ndarray, negatives: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Net promoter score, -100 to 100."""
    return over(100 * (positives - negatives), n)


def nps_variance(positives: np.ndarray, negatives: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Population variance of answers counted +1, 0 and -1."""
    return over(positives + negatives, n) - over(positives - negatives, n) ** 2


def nps_standard_error(positives: np.ndarray, negatives: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Standard error of the net share, on the scale -1 to 1."""
    return np.sqrt(over(nps_variance(positives, negatives, n), n))


def nps_interval(positives: np.ndarray, negatives: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Adjusted Wald interval in points: of n + 3, P + ¾, D + ¾, clipped to ±100, widened to the raw score."""
    more = (positives + 0.75, negatives + 0.75, n + 3)
    centre = over(more[0] - more[1], more[2])
    reach = stats.norm.ppf((1 + CONFIDENCE) / 2) * nps_standard_error(*more)
    low, high = np.clip([100 * (centre - reach), 100 * (centre + reach)], -100, 100)
    raw = nps(positives, negatives, n)
    return np.minimum(low, raw), np.maximum(high, raw)


def wilson_interval(
    successes: np.ndarray, n: np.ndarray, confidence: float = CONFIDENCE
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson interval of a proportion, 0 to 1."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ends = proportion_confint(
            np.asarray(successes, float), np.asarray(n, float), alpha=1 - confidence, method="wilson"
        )
    return tuple(np.where(np.asarray(n) > 0, end, np.nan)[()] for end in ends)


def newcombe_interval(
    successes_1: np.ndarray,
    n_1: np.ndarray,
    successes_2: np.ndarray,
    n_2: np.ndarray,
    confidence: float = CONFIDENCE,
) -> tuple[np.ndarray, np.ndarray]:
    """Newcombe's interval of proportion 1 minus proportion 2, -1 to 1."""
    return confint_proportions_2indep(
        successes_1, n_1, successes_2, n_2, method="newcomb", compare="diff", alpha=1 - confidence
    )


def share_p_value(successes_1: np.ndarray, n_1: np.ndarray, successes_2: np.ndarray, n_2: np.ndarray) -> np.ndarray:
    """Two-sided p of the pooled z of two proportions; NaN where all or none succeed, and nothing can be told."""
    with np.errstate(invalid="ignore", divide="ignore"):
        # The score test of "no difference" is the pooled z.
        p_value = test_proportions_2indep(
            successes_1, n_1, successes_2, n_2, method="score", compare="diff", correction=False
        ).pvalue
    can_be_told = (successes_1 + successes_2 > 0) & (successes_1 + successes_2 < n_1 + n_2)
    return np.where(can_be_told, p_value, np.nan)


def pooled_error(successes_1: np.ndarray, n_1: np.ndarray, successes_2: np.ndarray, n_2: np.ndarray) -> np.ndarray:
    """Standard error of the difference of two proportions that are one."""
    pooled = over(successes_1 + successes_2, n_1 + n_2)
    return np.sqrt(pooled * (1 - pooled) * (over(1, n_1) + over(1, n_2)))


def difference_p_value(change: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Two-sided p of z = change / error; NaN where there is no error to divide by."""
    return 2 * stats.norm.sf(np.abs(over(change, error)))


class Metric:
    """How one metric turns counted answers into a score; `scale` is (min, max) of its questions.

    `cells` are rows with positives, negatives, counted, total (of the scores) and variance (of the sample).
    """

    def __init__(self, name: str, kind: str, scales: set[tuple[int, int]]):
        if kind in ("mean", "rescaled_mean") and len(scales) > 1:
            raise OracleError(f"survey_questions: the questions of {name} have different scales, and it is a mean.")
        self.kind = kind
        self.low, self.high = next(iter(scales), (0, 1))

    def score(self, cells: pd.DataFrame) -> np.ndarray:
        """The scores; NaN without answers."""
        positives, negatives, n, total = (
            cells[name].to_numpy() for name in ("positives", "negatives", "counted", "total")
        )
        if self.kind == "net_share":
            return nps(positives, negatives, n)
        if self.kind == "positive_share":
            return over(100 * positives, n)
        if self.kind == "mean":
            return over(total, n)
        # From the whole sum, so that no mean is rounded on the way to a band's edge.
        return over(100 * (total - n * self.low), n * (self.high - self.low))

    def unit(self) -> float:
        """One point of an answer, in the unit of the score (of means)."""
        return 100 / (self.high - self.low) if self.kind == "rescaled_mean" else 1

    def mean_error(self, cells: pd.DataFrame) -> np.ndarray:
        """Standard error of the mean in the unit of the score; NaN for fewer than two answers."""
        return self.unit() * np.sqrt(over(cells["variance"], cells["counted"]))

    def interval(self, cells: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Ends of the 95 % intervals, in the unit of the score."""
        positives, negatives, n = (cells[name].to_numpy() for name in ("positives", "negatives", "counted"))
        if self.kind == "net_share":
            return nps_interval(positives, negatives, n)
        if self.kind == "positive_share":
            return tuple(100 * end for end in wilson_interval(positives, n))
        reach = stats.t.ppf((1 + CONFIDENCE) / 2, np.maximum(n - 1, 1)) * self.mean_error(cells)
        return self.score(cells) - reach, self.score(cells) + reach

    def compare(self, now: pd.DataFrame, before: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of changes between cells: p-value, standard error in the unit of the score, whether an interval allows 0."""
        if self.kind == "positive_share":
            counts = [cells[name].to_numpy() for cells in (now, before) for name in ("positives", "counted")]
            low, high = newcombe_interval(*counts)
            return share_p_value(*counts), 100 * pooled_error(*counts), (low <= 0) & (high >= 0)
        if self.kind == "net_share":
            errors = [
                100 * nps_standard_error(*(cells[name].to_numpy() for name in ("positives", "negatives", "counted")))
                for cells in (now, before)
            ]
        else:
            errors = [self.mean_error(cells) for cells in (now, before)]
        error = np.hypot(*errors)
        change = self.score(now) - self.score(before)
        (low, high), (earlier_low, earlier_high) = self.interval(now), self.interval(before)
        # The two distances from each score to the end of its interval that lies on the way to the other.
        down = np.hypot(self.score(now) - low, earlier_high - self.score(before))
        up = np.hypot(high - self.score(now), self.score(before) - earlier_low)
        return difference_p_value(change, error), error, ~((change - down > 0) | (change + up < 0))


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
    """Per group of rows the counts, and the total of the counted scores."""
    inside = rows[counted]
    flags = rows[by].assign(
        asked=rows["is_asked"],
        answered=rows["is_answer"],
        counted=inside,
        **{name: inside & (rows["answer_class"] == one) for name, one in CLASSES.items()},
        total=rows["score"].where(inside, 0),
    )
    return flags.groupby(by).sum().astype(int).reset_index()


class Grain(NamedTuple):
    """Periods of one kind, in their order; `of_all` and `of_others` say which are published for which dimensions.

    A row of the day lies in `span` periods, the first of which is `first_of(days)`.
    """

    name: str
    starts: pd.DatetimeIndex
    ends: pd.DatetimeIndex
    of_all: np.ndarray
    of_others: np.ndarray
    first_of: object
    span: int = 1


def grains(first: pd.Timestamp, as_of: pd.Timestamp) -> list[Grain]:
    """The grains of `survey_scores` (D28)."""
    found = []
    for name, letter in (("month", "M"), ("quarter", "Q")):
        periods = pd.period_range(first, as_of, freq=letter)
        every = np.ones(len(periods), bool)

        def first_of(days: pd.Series, letter=letter, periods=periods) -> np.ndarray:
            return periods.get_indexer(pd.PeriodIndex(days, freq=letter))

        found.append(Grain(name, periods.start_time, periods.end_time.normalize(), every, every, first_of))
    one = np.ones(1, bool)
    found.append(
        Grain(
            "all", pd.DatetimeIndex([first]), pd.DatetimeIndex([as_of]), one, one, lambda days: np.zeros(len(days), int)
        )
    )
    ends = pd.date_range(first, as_of)
    is_full = np.arange(len(ends)) >= MOVING_DAYS - 1
    found.append(
        Grain(
            f"moving_{MOVING_DAYS}_days",
            ends - (MOVING_DAYS - 1) * DAY,
            ends,
            is_full,
            is_full & (ends.day_of_week == 6),
            lambda days: ((days - first) // DAY).to_numpy(),
            MOVING_DAYS,
        )
    )
    return found


def spans(placed: pd.DataFrame, grain: Grain) -> pd.DataFrame:
    """The rows with the periods in which they lie (from `opens` to before `closes`) and count (to before `until`)."""
    opens = pd.Series(grain.first_of(placed["day"]), placed.index)
    closes = opens + grain.span
    answers = placed[placed["is_answer"]].sort_values(["answered_at", "answer_id"])
    person = [answers["customer_id"], answers["respondent_id"], answers["metric"]]
    # From the first period of the respondent's next answer on, that one counts.
    following = opens[answers.index].groupby(person, dropna=False).shift(-1).reindex(placed.index)
    until = closes.where(~placed["is_latest_only"] | following.isna(), np.minimum(closes, following.fillna(0)))
    needed = ["customer_id", "metric", "day", "is_asked", "is_answer", "score", "answer_class"]
    return placed[needed].assign(opens=opens, closes=closes, until=until.astype(int))


def tally(rows: pd.DataFrame, grain: Grain) -> pd.DataFrame:
    """Counts, total and variance of each cell of a grain; `rows` are those of `spans`, once per dimension."""
    tables = []
    for (metric, dimension), own in rows.groupby(["metric", "segment_dimension"]):
        values, code = np.unique(own["segment_value"].to_numpy(object), return_inverse=True)
        shape = (len(values), len(grain.starts) + 1)
        opens, closes, until = (own[name].to_numpy() for name in ("opens", "closes", "until"))

        def running(chosen: np.ndarray, ends: np.ndarray, code=code, opens=opens, shape=shape):
            """How many of the chosen rows, from `opens` to before their end, each value and period has."""
            steps = np.zeros(shape, int)
            np.add.at(steps, (code[chosen], opens[chosen]), 1)
            np.add.at(steps, (code[chosen], np.minimum(ends[chosen], shape[1] - 1)), -1)
            return steps.cumsum(axis=1)[:, :-1]

        is_answer = own["is_answer"].to_numpy(bool)
        asked, answered = running(own["is_asked"].to_numpy(bool), closes), running(is_answer, closes)
        published = grain.of_all if dimension == "all" else grain.of_others
        who, when = np.nonzero((asked + answered > 0) & published)

        score, answer_class = own["score"].to_numpy(object), own["answer_class"].to_numpy(object)
        scores = np.array(sorted(set(score[is_answer])), int)
        by_score = [running(is_answer & (score == one), until)[who, when] for one in scores]
        by_score = np.array(by_score, int).reshape(len(scores), len(who))
        n, total = by_score.sum(axis=0), scores @ by_score
        squares = (by_score * (scores[:, None] - over(total, n)) ** 2).sum(axis=0)
        cells = {
            "metric": metric,
            "segment_dimension": dimension,
            "segment_value": values[who],
            "period_grain": grain.name,
            "period_start": grain.starts[when].as_unit("us"),
            "period_end": grain.ends[when].as_unit("us"),
            "asked": asked[who, when],
            "answered": answered[who, when],
            "counted": n,
            **{name: running(answer_class == one, until)[who, when] for name, one in CLASSES.items()},
            "total": total,
            "variance": np.where(n > 1, over(squares, n - 1), np.nan),
        }
        tables.append(pd.DataFrame(cells))
    return pd.concat(tables, ignore_index=True)


def build_scores(
    rows: pd.DataFrame, segments: pd.DataFrame, seeds: dict, metrics: dict, min_answers: int, as_of: pd.Timestamp
) -> pd.DataFrame:
    """The table `survey_scores`."""
    names = [*CELL, "period_end", "asked", "answered", "counted", *SHOWN, *CHANGES, "is_suppressed", "band", *GOALS]
    placed = rows[rows["day"].notna()]
    if placed.empty:
        return pd.DataFrame(columns=names)
    table = pd.concat(
        [tally(segment_on_day(spans(placed, grain), segments), grain) for grain in grains(placed["day"].min(), as_of)],
        ignore_index=True,
    )
    table["mean_score"] = over(table["total"], table["counted"])
    table[["score", "ci_low", "ci_high"]] = np.nan
    for metric, own in table.groupby("metric"):
        table.loc[own.index, "score"] = metrics[metric].score(own)
        table.loc[own.index, ["ci_low", "ci_high"]] = np.column_stack(metrics[metric].interval(own))
    table["is_suppressed"] = suppressed(table, min_answers)
    table = add_changes(table, metrics)
    hidden = table["is_suppressed"]
    for name in CLASSES:
        table[name] = table[name].astype("Int64")
    table.loc[hidden, SHOWN] = pd.NA
    table["band"] = None
    for metric, own in table.groupby("metric"):
        table.loc[own.index, "band"] = band_of(own["score"], seeds["score_bands"], metric)
    table = add_goals(table, seeds["benchmarks"])
    return table[names].sort_values(CELL, ignore_index=True)


def known_sums(cells: pd.DataFrame) -> pd.DataFrame:
    """The sums that a reader knows (D31): a row per `sum` (0, 1, ...) and part.

    `whole` and `part` are positions in `cells`. Of each sum the part that is to be suppressed first comes first.
    """
    some = cells.loc[cells["counted"] > 0, [*CELL, "period_end", "counted"]].rename_axis("part").reset_index()
    # Outside of the data there is nothing: a month that has only begun ends today.
    ever = some[some["period_grain"] == "all"]
    some["first"] = some["period_start"].clip(lower=ever["period_start"].min())
    some["last"] = some["period_end"].clip(upper=ever["period_end"].max())
    by_grain = dict(list(some.groupby("period_grain")))
    none = some[:0]
    month, quarter, ever, window = (
        by_grain.get(name, none) for name in ("month", "quarter", "all", f"moving_{MOVING_DAYS}_days")
    )
    is_all = some["segment_dimension"] == "all"

    def pairs(kind: str, wholes: pd.DataFrame, parts: pd.DataFrame, on: list[str]) -> pd.DataFrame:
        """Each whole with each of its parts."""
        wholes = wholes.assign(whole=wholes["part"], whole_counted=wholes["counted"])
        wholes = wholes.assign(start=wholes["first"], end=wholes["last"])
        # Of one whole there may be a sum for each dimension.
        both = parts.merge(wholes[[*on, "whole", "whole_counted", "start", "end"]], on=on)
        return both.assign(kind=kind, sum=both["segment_dimension"])

    def within(both: pd.DataFrame) -> pd.DataFrame:
        """Those of which all days are days of the whole."""
        return both[(both["first"] >= both["start"]) & (both["last"] <= both["end"])]

    def adding_up(both: pd.DataFrame) -> pd.DataFrame:
        """Those whose parts count as much as their whole."""
        return both[both.groupby("whole")["counted"].transform("sum") == both["whole_counted"]]

    def alike(both: pd.DataFrame) -> pd.DataFrame:
        """Those that count as much as their whole, each a sum of its own."""
        return both[both["counted"] == both["whole_counted"]].assign(sum=lambda rows: rows["part"])

    sums = pd.concat(
        [
            pairs("segments", some[is_all], some[~is_all], ["metric", "period_grain", "period_end"]),
            adding_up(within(pairs("months of a quarter", quarter, month, SEGMENT))),
            adding_up(pairs("quarters", ever, quarter, SEGMENT)),
            adding_up(within(pairs("months of a window", window, month, SEGMENT))),
            alike(within(pairs("window of a quarter", quarter, window, SEGMENT))),
            alike(pairs("window of all time", ever, window, SEGMENT)),
        ]
    )
    sums["sum"] = pd.factorize(pd.MultiIndex.from_frame(sums[["kind", "whole", "sum"]]))[0]
    return sums.sort_values(["sum", "counted", "segment_value", "period_start"], ignore_index=True)


def suppressed(cells: pd.DataFrame, min_answers: int) -> np.ndarray:
    """Cells that are too small, and those that keep a small one from being had by subtraction (D31)."""
    counted = cells["counted"].to_numpy()
    hidden = (counted > 0) & (counted < min_answers)
    parts = known_sums(cells)
    of, part = parts["sum"].to_numpy(), parts["part"].to_numpy()
    whole = parts.drop_duplicates("sum")["whole"].to_numpy()

    def is_open() -> np.ndarray:
        """Which sums have exactly one suppressed cell."""
        return hidden[whole] + np.bincount(of, hidden[part], len(whole)) == 1

    for _ in range(MOST_ROUNDS):
        to_close = is_open()
        if not to_close.any():
            return hidden
        chosen = parts[to_close[of] & ~hidden[part]].drop_duplicates("sum")
        to_close[chosen["sum"]] = False
        hidden[chosen["part"]] = True
        hidden[whole[to_close]] = True
    in_doubt = cells["metric"].isin(cells["metric"].to_numpy()[whole[is_open()]]).to_numpy()
    return hidden | (in_doubt & (counted > 0))


def previous_start(table: pd.DataFrame) -> pd.Series:
    """First day of the period that each row is compared with (D46); NaT for all time."""
    start, grain = table["period_start"], table["period_grain"]
    return pd.concat(
        [
            start[grain == "month"] - pd.DateOffset(months=1),
            start[grain == "quarter"] - pd.DateOffset(months=3),
            start[grain == f"moving_{MOVING_DAYS}_days"] - 91 * DAY,
        ]
    ).reindex(table.index)


def add_changes(table: pd.DataFrame, metrics: dict[str, Metric]) -> pd.DataFrame:
    """The table with its columns of change (D30, D46); null for suppressed cells and against suppressed ones."""
    shown = table[~table["is_suppressed"]]
    earlier = shown[shown["counted"] > 0].set_index(CELL)
    at = shown.assign(period_start=previous_start(shown))
    at = earlier.index.get_indexer(pd.MultiIndex.from_frame(at[CELL]))
    now, before = shown[at >= 0], earlier.iloc[at[at >= 0]].reset_index().set_index(shown.index[at >= 0])
    table[[*CHANGES[:4], CHANGES[5]]] = np.nan
    table.loc[now.index, "previous_score"] = before["score"]
    allows_zero = pd.Series(False, table.index)
    z = stats.norm.ppf((1 + CONFIDENCE) / 2) + stats.norm.ppf(POWER)
    for metric, own in now[now["counted"] > 0].groupby("metric"):
        old = before.loc[own.index]
        p_value, error, allows = metrics[metric].compare(own, old)
        table.loc[own.index, "score_change"] = own["score"] - old["score"]
        table.loc[own.index, "change_p_value"] = p_value
        table.loc[own.index, "smallest_detectable_change"] = np.where(np.isnan(p_value), np.nan, z * error)
        allows_zero[own.index] = allows
    tested = table[table["change_p_value"].notna()]
    for _, family in tested.groupby(SPLIT)["change_p_value"]:
        table.loc[family.index, "change_p_value_adjusted"] = multipletests(family, method="fdr_bh")[1]
    table["is_change_significant"] = (table["change_p_value_adjusted"] < 0.05) & ~allows_zero
    return table


def add_goals(table: pd.DataFrame, seed: pd.DataFrame) -> pd.DataFrame:
    """The table with benchmarks and targets, and how far its (shown) scores are from them (D47)."""
    score = table["score"].to_numpy(float, na_value=np.nan)
    for kind in KINDS:
        edges = {}
        for row in seed[seed["kind"] == kind].itertuples():
            key = (row.metric, row.segment_dimension, row.segment_value)
            if key in edges:
                raise OracleError(f"benchmarks: there are two rows of kind {kind} for {', '.join(key)}.")
            edges[key] = [float(number(text, "benchmarks")) if text else np.nan for text in (row.low, row.high)]
        found = [
            edges.get(key) or edges.get((key[0], "all", "all"))
            for key in table[SEGMENT].itertuples(index=False, name=None)
        ]
        has_goal = np.array([one is not None for one in found], bool)
        low, high = np.array([one or [np.nan, np.nan] for one in found], float).reshape(-1, 2).T
        # Comparisons with an open end (NaN) are false.
        distance = np.where(score < low, score - low, np.where(score > high, score - high, 0.0))
        table[f"{kind}_low"], table[f"{kind}_high"] = low, high
        table[f"distance_from_{kind}"] = np.where(has_goal & ~np.isnan(score), distance, np.nan)
    return table


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
    counts = ["asked", "answered", "counted", "positives", "negatives", "total"]
    table[counts] = table[counts].fillna(0).astype(int)
    table["score"] = np.nan
    for metric, own in table.groupby("metric"):
        table.loc[own.index, "score"] = metrics[metric].score(own)
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
        "survey_scores": build_scores(rows, segments, seeds, metrics, min_answers, evidence.as_of),
        "answer_distribution": answer_distribution(rows),
        "customer_survey_scores": customer_scores(rows, dim, metrics),
    }
