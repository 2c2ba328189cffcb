"""One row per comment: its sentiment from -1 to 1 by TextBlob, or the reason why there is none.

TextBlob's lexicon is English. A comment in another language, or in one that is not told, gets no number; nor does one
of which the lexicon knows no word: nothing found is not the same as neutral.
"""

import pandas as pd
from textblob.en.sentiments import PatternAnalyzer

LANGUAGES = {"en"}
SEARCHED = 10_000  # characters, as the macro searched_text


def model(dbt, session):
    """Scores each comment of int_comments."""
    dbt.config(materialized="table")
    comments = dbt.ref("int_comments").project("answer_id, language_code, comment").df()
    analyzer = PatternAnalyzer()
    judged = [_judge(analyzer, code, text) for code, text in comments[["language_code", "comment"]].to_numpy()]
    return pd.DataFrame(
        {
            "answer_id": comments["answer_id"].astype(str),
            "sentiment": pd.Series([sentiment for sentiment, _ in judged], dtype=float),
            "sentiment_status": pd.Series([status for _, status in judged], dtype=str),
        }
    )


def _judge(analyzer, language_code, comment):
    if language_code not in LANGUAGES:
        return None, "language_not_served"
    result = analyzer.analyze(comment[:SEARCHED], keep_assessments=True)
    if not result.assessments:
        return None, "no_known_word"
    return round(result.polarity, 6), "scored"
