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
    served = ", ".join(f"'{language}'" for language in LANGUAGES)
    text = f"case when language_code in ({served}) then substr(comment, 1, {SEARCHED}) end as text"
    comments = dbt.ref("int_comments").project(f"answer_id, language_code, {text}").df()
    is_served = comments["language_code"].isin(LANGUAGES)
    # What many wrote in the same words is read once.
    texts = comments.loc[is_served, "text"].drop_duplicates()
    sentiment = comments["text"].map(pd.Series(_polarities(texts).to_numpy(), texts.to_numpy(), dtype=float))
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
