"""One row per comment: its sentiment from -1 to 1 by TextBlob, or the reason why there is none.

TextBlob's lexicon is English. A comment in another language, or in one that is not told, gets no number; nor does one
of which the lexicon knows no word: nothing found is not the same as neutral.
"""

import numpy as np
import pandas as pd

LANGUAGES = ["en"]
SEARCHED = 10_000  # characters, as the macro searched_text


def model(dbt, session):
    """Scores the comments of int_comments."""
    dbt.config(materialized="table")
    comments = dbt.ref("int_comments").project(f"answer_id, language_code, substr(comment, 1, {SEARCHED}) as text").df()
    is_served = comments["language_code"].isin(LANGUAGES)
    sentiment = _polarities(comments.loc[is_served, "text"]).reindex(comments.index)
    status = np.select([~is_served, sentiment.isna()], ["language_not_served", "no_known_word"], "scored")
    return pd.DataFrame(
        {
            "answer_id": comments["answer_id"].astype(str),
            "sentiment": sentiment,
            "sentiment_status": pd.Series(status, comments.index, dtype=str),
        }
    )


def _polarities(texts):
    """The polarity of each text to six places; none where the lexicon knows no word of it."""
    if texts.empty:
        return pd.Series(index=texts.index, dtype=float)
    # Imported late: it loads NLTK, which takes longer than all else where nobody writes.
    from textblob.en.sentiments import PatternAnalyzer

    analyzer = PatternAnalyzer()
    found = [analyzer.analyze(text, keep_assessments=True) for text in texts]
    polarities = [round(result.polarity, 6) if result.assessments else np.nan for result in found]
    return pd.Series(polarities, index=texts.index, dtype=float)
