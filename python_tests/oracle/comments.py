"""Comments: the themes that they touch, their sentiment, and the scores and engagement that go with both."""

import re
import unicodedata
from functools import cache

import numpy as np
import pandas as pd
from textblob.en.sentiments import PatternAnalyzer

from .customers import Evidence
from .population import adjusted
from .raw import Judged, reporting_days
from .settings import OracleError
from .surveys import counted_in, load_metrics, over, prepare, share_p_value

NO_THEME = "no_theme"
ANY_LANGUAGE = "all"
SERVED_LANGUAGE = "en"
MOST_CHARACTERS = 10_000
SIGNIFICANCE = 0.05
SCALED = 10**6
PERIOD = ["period_grain", "period_start"]
MONTHS = {"month": 1, "quarter": 3}
SUMS = ["counted", "positives", "negatives", "total", "squares"]

Patterns = dict[tuple[str, str], re.Pattern]


def fold(text: str) -> str:
    """The text as patterns see it: small letters without accents, a space for each sign, and one at either end."""
    # Letter by letter, so that a sigma at the end of a word stays one.
    decomposed = unicodedata.normalize("NFD", "".join(map(str.lower, text[:MOST_CHARACTERS])))
    bare = unicodedata.normalize("NFC", "".join(one for one in decomposed if unicodedata.category(one)[0] != "M"))
    return f" {''.join(one if unicodedata.category(one)[0] in 'LMN' else ' ' for one in bare)} "


def load_patterns(seed: pd.DataFrame) -> Patterns:
    """One expression for each theme and language. Raises OracleError where a line is no regular expression."""
    for row in seed.itertuples():
        try:
            re.compile(row.pattern)
        except re.error as error:
            raise OracleError(f"comment_themes: {row.pattern!r} is no regular expression.") from error
        if not row.pattern:
            raise OracleError(f"comment_themes: a line of {row.theme} has no pattern.")
    return {
        # Classes such as \d are those of ASCII, as in RE2.
        key: re.compile(f" (?:{'|'.join(sorted(lines)).replace('_', ' ')})", re.ASCII)
        for key, lines in seed.groupby(["theme", "language"])["pattern"]
    }


def find_themes(comment: str, code: str | None, patterns: Patterns) -> dict[str, str]:
    """The words that show each theme, as they were written; empty where no theme is touched."""
    folded, original = fold(comment), f" {comment[:MOST_CHARACTERS]} "
    shown = original if len(original) == len(folded) else folded
    is_known = code in {language for _, language in patterns} - {ANY_LANGUAGE}
    found = {}
    for (theme, language), pattern in patterns.items():
        match = pattern.search(folded) if not is_known or language in (code, ANY_LANGUAGE) else None
        if match:
            text = match.group()
            start, end = match.end() - len(text.lstrip(" ")), match.start() + len(text.rstrip(" "))
            found.setdefault(theme, []).append((match.start(), -len(text), language, shown[start:end]))
    return {theme: min(matches)[-1] for theme, matches in sorted(found.items())}


def language_code(language: str | None) -> str | None:
    """`en` of `en-GB` or `EN_gb`; None where no language is told."""
    return None if pd.isna(language) else language.replace("_", "-").split("-")[0].lower()


def find_comments(evidence: Evidence, answers: Judged, zone: str, themes: pd.DataFrame) -> pd.DataFrame:
    """The comments given by today: answer_id, comment, code (of the language), words (by theme), in any order.

    themes: the seed `comment_themes`.
    """
    rows = evidence.answers[["answer_id", "comment", "language"]]
    # The evidence no longer knows what will be answered after today.
    given = reporting_days(answers.accepted.set_index("answer_id")["answered_at"], zone).reindex(rows["answer_id"])
    rows = rows[rows["comment"].notna() & ~(given > evidence.as_of).to_numpy(bool)].reset_index(drop=True)
    patterns = load_patterns(themes)
    codes = [language_code(language) for language in rows["language"]]
    look_up = cache(lambda comment, code: find_themes(comment, code, patterns))
    words = [look_up(comment, code) for comment, code in zip(rows["comment"], codes, strict=True)]
    return rows[["answer_id", "comment"]].assign(
        code=pd.Series(codes, dtype=object), words=pd.Series(words, dtype=object)
    )


def theme_labels(comments: pd.DataFrame) -> pd.DataFrame:
    """answer_id and theme of `find_comments`: each theme that a comment touches, or `no_theme`."""
    pairs = [
        (answer_id, theme)
        for answer_id, words in zip(comments["answer_id"], comments["words"], strict=True)
        for theme in words or [NO_THEME]
    ]
    return pd.DataFrame(pairs, columns=["answer_id", "theme"], dtype=object)


@cache
def polarity(comment: str) -> float | None:
    """What TextBlob makes of an English comment, -1 to 1 and rounded to six places; None where it knows no word."""
    found = PatternAnalyzer().analyze(comment[:MOST_CHARACTERS], keep_assessments=True)
    return round(found.polarity, 6) if found.assessments else None


def add_sentiments(comments: pd.DataFrame, is_computed: bool) -> pd.DataFrame:
    """The comments with sentiment (NaN where there is none) and sentiment_status."""
    is_served = (comments["code"] == SERVED_LANGUAGE) & is_computed
    sentiment = comments["comment"].where(is_served).map(polarity, na_action="ignore").astype(float)
    status = np.select(
        [np.full(len(comments), not is_computed), ~is_served, sentiment.isna()],
        ["not_computed", "language_not_served", "no_known_word"],
        "scored",
    )
    return comments.assign(sentiment=sentiment, sentiment_status=status.astype(object))


def by_period(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of `prepare` once for each grain, with their period and `counts`: whether they count in it."""
    first = rows["day"].min()
    starts = {
        "month": rows["month"],
        "quarter": rows["day"].dt.to_period("Q").dt.start_time.astype("datetime64[us]"),
        "all": pd.Series(first, rows.index, dtype="datetime64[us]"),
    }
    pieces = [rows.assign(period_grain=grain, period_start=start) for grain, start in starts.items()]
    return pd.concat([piece.assign(counts=counted_in(piece, ["period_start"])) for piece in pieces], ignore_index=True)


def each_theme(cells: pd.DataFrame, themes: pd.DataFrame) -> pd.DataFrame:
    """The cells once for each theme of the seed and for `no_theme`."""
    return cells.merge(pd.DataFrame({"theme": [*sorted(set(themes["theme"])), NO_THEME]}, dtype=object), how="cross")


def adjusted_within(p_values: pd.Series, family: list[pd.Series]) -> pd.Series:
    """p-values adjusted by Benjamini-Hochberg within each family; NaN stays NaN."""
    return p_values.groupby(family).transform(adjusted)


def theme_shares(placed: pd.DataFrame, labels: pd.DataFrame, themes: pd.DataFrame, min_answers: int) -> pd.DataFrame:
    """The table `theme_shares`; `placed` are comments by period, with their sentiment."""
    key = ["theme", *PERIOD]
    touched = placed.merge(labels, on="answer_id")
    touched["millionths"] = (touched["sentiment"] * SCALED).round()
    touched = touched.groupby(key).agg(
        comments_with_theme=("answer_id", "size"),
        sentiment_comments=("sentiment", "count"),
        total=("millionths", "sum"),
    )
    table = each_theme(placed.groupby(PERIOD).size().rename("comments").reset_index(), themes)
    table = table.merge(touched.reset_index(), how="left", on=key)
    counts = ["comments_with_theme", "sentiment_comments"]
    table[counts] = table[counts].fillna(0).astype("Int64")
    table["is_suppressed"] = table["comments"] < min_answers
    table["share"] = table["comments_with_theme"].astype(float) / table["comments"]
    enough = table["sentiment_comments"] >= min_answers
    table["mean_sentiment"] = over(table["total"] / SCALED, table["sentiment_comments"].where(enough, 0))
    table.loc[table["is_suppressed"], [*counts, "share"]] = pd.NA

    shown = table.loc[~table["is_suppressed"], [*key, "comments", "comments_with_theme", "share"]]
    following = [start + pd.DateOffset(months=MONTHS.get(grain, 0)) for grain, start in shown[PERIOD].to_numpy()]
    before = shown.assign(period_start=pd.Series(following, shown.index, dtype="datetime64[us]"))
    before = before[before["period_grain"].isin(list(MONTHS))]
    before = table[key].merge(before, how="left", on=key, validate="one_to_one")
    table["previous_share"] = before["share"].where(~table["is_suppressed"])
    table["share_change"] = table["share"] - table["previous_share"]
    both = table["previous_share"].notna()
    numbers = ["comments_with_theme", "comments"]
    numbers = [own.loc[both, name].to_numpy(float) for own in (table, before) for name in numbers]
    table["change_p_value"] = np.nan
    table.loc[both, "change_p_value"] = share_p_value(*numbers)
    table["change_p_value_adjusted"] = adjusted_within(table["change_p_value"], [table[name] for name in PERIOD])
    table["is_change_significant"] = table["change_p_value_adjusted"] < SIGNIFICANCE
    return table[
        [
            *key,
            "comments",
            "comments_with_theme",
            "share",
            "previous_share",
            "share_change",
            "change_p_value",
            "change_p_value_adjusted",
            "is_change_significant",
            "sentiment_comments",
            "mean_sentiment",
            "is_suppressed",
        ]
    ].sort_values(key, ignore_index=True)


def sum_answers(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Whole numbers of each group of answers, from which scores and their errors follow."""
    score = rows["score"].astype(int)
    flags = rows[by].assign(
        counted=1,
        positives=rows["answer_class"] == "positive",
        negatives=rows["answer_class"] == "negative",
        total=score,
        squares=score**2,
    )
    return flags.groupby(by)[SUMS].sum().astype(int).reset_index()


def with_variance(sums: pd.DataFrame) -> pd.DataFrame:
    """The sums with the sample variance of their scores; NaN for a single answer."""
    n = sums["counted"]
    return sums.assign(variance=over(n * sums["squares"] - sums["total"] ** 2, n * (n - 1)))


def theme_scores(
    placed: pd.DataFrame, labels: pd.DataFrame, themes: pd.DataFrame, metrics: dict, min_answers: int
) -> pd.DataFrame:
    """The table `theme_scores`; `placed` are comments by period, of which those that count are compared."""
    cell, key = ["metric", *PERIOD], ["metric", "theme", *PERIOD]
    counted = placed[placed["counts"]]
    everyone = each_theme(sum_answers(counted, cell), themes)
    touched = sum_answers(counted.merge(labels, on="answer_id"), key)
    touched = everyone[key].merge(touched, how="left", on=key)
    touched[SUMS] = touched[SUMS].fillna(0).astype(int)
    others = everyone[key].join(everyone[SUMS] - touched[SUMS])

    table = everyone[key].assign(
        answers_with_theme=touched["counted"],
        answers_without_theme=others["counted"],
        score_with_theme=np.nan,
        score_without_theme=np.nan,
        score_difference=np.nan,
        difference_p_value=np.nan,
    )
    smaller = np.minimum(touched["counted"], others["counted"])
    table["is_suppressed"] = smaller < min_answers
    for metric, own in table[~table["is_suppressed"] & (smaller > 0)].groupby("metric"):
        kind, sides = metrics[metric], [with_variance(one.loc[own.index]) for one in (touched, others)]
        scores = [kind.score(side) for side in sides]
        table.loc[own.index, "score_with_theme"], table.loc[own.index, "score_without_theme"] = scores
        table.loc[own.index, "score_difference"] = scores[0] - scores[1]
        p_values = kind.compare(*sides)[0]
        if kind.kind != "positive_share":
            # Answers of one score, and for NPS of one class, tell no error.
            spreads = [
                side[["positives", "negatives"]].assign(
                    neutrals=side["counted"] - side["positives"] - side["negatives"]
                )
                for side in sides
            ]
            same_class = [(spread.max(axis=1) == spread.sum(axis=1)).to_numpy() for spread in spreads]
            same_score = [(side["variance"] == 0).to_numpy() for side in sides]
            p_values = np.where(
                np.any(same_class if kind.kind == "net_share" else same_score, axis=0), np.nan, p_values
            )
        table.loc[own.index, "difference_p_value"] = p_values
    table["difference_p_value_adjusted"] = adjusted_within(table["difference_p_value"], [table[name] for name in cell])
    table["is_difference_significant"] = table["difference_p_value_adjusted"] < SIGNIFICANCE
    return table.sort_values(key, ignore_index=True)


def low_csat_audit(
    rows: pd.DataFrame, comments: pd.DataFrame, engagement: pd.DataFrame, is_published: bool
) -> pd.DataFrame:
    """The table `low_csat_audit`; `engagement` is the table `fct_engagement_scores`."""
    is_low = (rows["metric"] == "csat") & rows["is_answer"] & (rows["answer_class"] == "negative")
    names = ["answer_id", "customer_id", "respondent_id", "answered_at", "question", "score", "is_counted"]
    table = rows.loc[is_low, [*names, "touchpoint", "channel", "language", "day"]]
    table = table.rename(columns={"day": "answered_date"}).astype({"score": int})
    table = table.merge(comments.drop(columns="code"), how="left", on="answer_id")
    table["has_comment"] = table["comment"].notna()
    table["themes"] = table["words"].map(lambda words: ", ".join(sorted(words)) or NO_THEME, na_action="ignore")
    table["matched_words"] = table["words"].map(
        lambda words: "; ".join(f"{theme}: {words[theme]}" for theme in sorted(words)) or None, na_action="ignore"
    )
    if not is_published:
        table[["comment", "matched_words"]] = None
    table["sentiment_status"] = table["sentiment_status"].where(table["has_comment"], "no_comment")
    that_day = engagement[["customer_id", "score_date", "status", "engagement_score", "engagement_band"]].rename(
        columns={"score_date": "answered_date", "status": "engagement_status"}
    )
    table = table.merge(that_day, how="left", on=["customer_id", "answered_date"], validate="many_to_one")
    table["engagement_status"] = table["engagement_status"].where(table["engagement_status"].notna(), "not_observed")
    return table.drop(columns="words").sort_values("answer_id", ignore_index=True)


def build_comments(
    evidence: Evidence, comments: pd.DataFrame, seeds: dict[str, pd.DataFrame], settings: dict, engagement: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """The tables of `comments` (of find_comments); `engagement` is the table `fct_engagement_scores`."""
    themes, min_answers = seeds["comment_themes"], settings["min_answers"]
    rows = prepare(evidence.answers, seeds["survey_questions"])
    metrics = load_metrics(seeds, set(evidence.answers["question"]))
    comments = add_sentiments(comments, settings["python_models"])
    labels = theme_labels(comments)
    placed = by_period(rows).merge(comments[["answer_id", "sentiment"]], on="answer_id")
    return {
        "theme_shares": theme_shares(placed, labels, themes, min_answers),
        "theme_scores": theme_scores(placed, labels, themes, metrics, min_answers),
        "low_csat_audit": low_csat_audit(rows, comments, engagement, settings["publish_comments"]),
    }
