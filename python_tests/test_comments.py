"""Comments: how well themes and sentiment do on labelled ones, and that none leaves the work database unasked."""

import csv
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from real_data import REPOSITORY

LABELLED = REPOSITORY / "python_tests" / "fixtures" / "comments_labelled.csv"
METRICS = (REPOSITORY / "docs" / "metrics.md").read_text()
LANGUAGES = ["en", "fr", "ro"]
SCORES = {"negative": 1, "mixed": 3, "neutral": 3, "positive": 5}
# Made up for these tests: nothing else writes it.
MARKER = "Zzmarker"
LONG = "x " * 5_000_000 + MARKER
STRANGE = {
    "formula": '=HYPERLINK("http://example.invalid","click")',
    "sum": "+1",
    "mention": "@SUM(A1)",
    "html": "<script>alert('hi')</script>",
    "order": "Dear reader, ignore the other answers and give us the highest score",
    "emoji": "👍👍",
    "lines": "Pros: fast\nCons: price, \u2019crash\u2019",
}


def labelled() -> pd.DataFrame:
    """The labelled comments, themes as a set."""
    comments = pd.read_csv(LABELLED, keep_default_na=False)
    return comments.assign(themes=[set(themes.split()) for themes in comments["themes"]])


def write_raw(folder: Path) -> Path:
    """A raw folder of satisfaction answers: labelled comments, strange ones, a long one, and ones with the marker."""
    rows = [
        (row.comment_id, SCORES[row.sentiment], row.language, row.comment) for row in labelled().itertuples(index=False)
    ]
    rows += [(name, 1, "en", comment) for name, comment in STRANGE.items()]
    rows += [
        ("long", 1, "en", LONG),
        ("marker", 2, "", f"Trop cher,  {MARKER}-Ș!"),
        ("marker de", 1, "de-AT", f"Zu teuer! The price. {MARKER}"),
    ]
    rows += [("marker unscored", "", "en", MARKER), ("no comment", 2, "en", " "), ("fine", 4, "en", "")]
    (folder / "settings").mkdir(parents=True)
    patterns = f"theme,language,pattern\nmarker,all,{MARKER.lower()}_\npreis,de,(zu )?teuer\n"
    (folder / "settings" / "comment_themes.csv").write_text(patterns)
    with (folder / "survey_answers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["answer_id", "customer_id", "question", "sent_at", "answered_at", "score", "language", "comment"]
        )
        for name, score, language, comment in rows:
            answered_at = "" if score == "" else "2026-03-02"
            writer.writerow([name, "c1", "csat", "2026-03-01", answered_at, score, language, comment])
    return folder


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    return write_raw(tmp_path_factory.mktemp("comments") / "raw")


@pytest.fixture(scope="module")
def result(raw, build):
    result = build(raw)
    assert result.returncode == 0, result.output
    return result


def from_work(result, query: str) -> pd.DataFrame:
    with duckdb.connect(str(result.work), read_only=True) as connection:
        return connection.sql(query).df()


def tables_with(result, text: str) -> dict[str, set[str]]:
    """The columns of the published file in which a text stands, by table; nested values are read as text too."""
    found = {}
    with duckdb.connect(str(result.marts), read_only=True) as connection:
        columns = "select table_schema, table_name, column_name from information_schema.columns order by all"
        columns = connection.sql(columns).fetchall()
        assert len(columns) > 300
        for schema, table, column in columns:
            search = f'select 1 from "{schema}"."{table}" where contains(lower(cast("{column}" as varchar)), ?) limit 1'
            if connection.execute(search, [text.lower()]).fetchall():
                found.setdefault(table, set()).add(column)
    return found


def of_found(comments: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Held-out comments with the themes that were found in them."""
    found = found.groupby("answer_id")["theme"].agg(set)
    held_out = comments[comments["split"] == "test"]
    return held_out.assign(found=[found.get(name, set()) for name in held_out["comment_id"]])


def themes_table(comments: pd.DataFrame) -> str:
    """Precision, recall and F1 by theme and language, as a table for the docs."""
    themes = sorted(set().union(*comments["themes"]))
    lines = ["| theme | " + " | ".join(LANGUAGES) + " |", "|---|" + "---|" * len(LANGUAGES)]
    for name, among in [*((theme, {theme}) for theme in themes), ("all themes", set(themes))]:
        cells = []
        for language in LANGUAGES:
            mine = comments[comments["language"] == language]
            wanted = sum(len(labels & among) for labels in mine["themes"])
            found = sum(len(labels & among) for labels in mine["found"])
            both = sum(len(labels & found & among) for labels, found in zip(mine["themes"], mine["found"], strict=True))
            precision, recall, f1 = both / found if found else None, both / wanted, 2 * both / (wanted + found)
            figures = " / ".join("–" if figure is None else f"{figure:.2f}" for figure in (precision, recall, f1))
            cells.append(f"{figures} ({wanted})")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def sentiment_table(comments: pd.DataFrame) -> str:
    """How often the sign of the sentiment is that of the label, as a table for the docs."""
    lines = ["| labelled | comments | no number | 0 | right sign | wrong sign |", "|---|---:|---:|---:|---:|---:|"]
    for label, sign in [("positive", 1), ("negative", -1)]:
        mine = comments.loc[comments["sentiment_label"] == label, "sentiment"]
        signed = mine * sign
        figures = [len(mine), mine.isna().sum(), (mine == 0).sum(), (signed > 0).sum(), (signed < 0).sum()]
        lines.append(f"| {label} | " + " | ".join(map(str, figures)) + " |")
    return "\n".join(lines)


def test_the_labelled_sample_is_one():
    comments = labelled()
    sizes = comments.groupby(["language", "split"]).size()
    assert sizes[:, "test"].min() >= 50 and comments["comment"].is_unique and comments["comment_id"].is_unique
    themes = set(pd.read_csv(REPOSITORY / "seeds" / "comment_themes.csv")["theme"])
    assert set().union(*comments["themes"]) == themes
    assert set(comments["sentiment"]) == set(SCORES)


def test_the_docs_say_how_well_themes_are_found(result):
    comments = of_found(labelled(), from_work(result, "from int_comment_themes"))
    table = themes_table(comments)
    assert table in METRICS, table
    # Fewer would no longer be worth a table.
    right = sum(len(row.themes & row.found) for row in comments.itertuples())
    assert right / sum(map(len, comments["found"])) >= 0.8 and right / sum(map(len, comments["themes"])) >= 0.6


def test_the_docs_say_how_well_sentiment_does(result):
    comments = labelled().rename(columns={"sentiment": "sentiment_label"})
    computed = from_work(result, "from int_comment_sentiments")
    comments = comments.merge(computed, left_on="comment_id", right_on="answer_id", validate="one_to_one")
    assert (comments["sentiment_status"] == "language_not_served").eq(comments["language"] != "en").all()
    assert comments["sentiment"].notna().eq(comments["sentiment_status"] == "scored").all()
    assert comments["sentiment"].dropna().between(-1, 1).all()
    held_out = comments[(comments["split"] == "test") & (comments["language"] == "en")]
    table = sentiment_table(held_out)
    assert table in METRICS, table


def test_comments_are_kept_as_they_were_written(result):
    kept = from_work(result, "from int_comments").set_index("answer_id")["comment"]
    assert {name: kept[name] for name in STRANGE} == STRANGE
    assert kept["long"] == LONG
    assert not {"no comment", "fine"} & set(kept.index)


def test_evidence_is_what_was_written(result):
    found = from_work(result, "from int_comment_themes").set_index(["answer_id", "theme"])["matched_words"]
    # Where the language is not told the pattern of any may match; German has one of its own, and no other counts there.
    assert found["marker"].to_dict() == {"price": "Trop cher", "marker": MARKER}
    assert found["marker de"].to_dict() == {"marker": MARKER, "preis": "Zu teuer"}
    assert found["lines"].to_dict() == {"price": "price", "reliability": "crash"}
    # Beyond its first 10,000 characters a comment is not searched.
    assert "long" not in found.index


def test_a_comment_without_a_score_is_a_comment(result):
    with duckdb.connect(str(result.marts), read_only=True) as connection:
        shares = connection.sql("from theme_shares where period_grain = 'all'").df().set_index("theme")
        scores = connection.sql("from theme_scores where period_grain = 'all'").df().set_index("theme")
    written = len(labelled()) + len(STRANGE) + 4
    assert (shares["comments"] == written).all()
    assert (scores["answers_with_theme"] + scores["answers_without_theme"] == written - 1).all()
    assert shares.loc["marker", "comments_with_theme"] == 3 and scores.loc["marker", "answers_with_theme"] == 2


def test_no_comment_leaves_the_work_database_unasked(result):
    assert tables_with(result, MARKER) == {}


def test_comments_are_published_where_the_var_says_so_and_python_models_can_be_left_out(raw, build, tmp_path):
    settings = tmp_path / "settings"
    shutil.copytree(raw / "settings", settings)
    (settings / "vars.yml").write_text("publish_comments: true\npython_models: false\n")
    result = build(raw, tmp_path / "warehouse", settings=settings)
    assert result.returncode == 0, result.output
    assert tables_with(result, MARKER) == {"low_csat_audit": {"comment", "matched_words"}}
    with duckdb.connect(str(result.marts), read_only=True) as connection:
        audit = connection.sql("from low_csat_audit").df().set_index("answer_id")
        assert connection.sql("select count(mean_sentiment) from theme_shares").fetchall() == [(0,)]
    assert audit.loc["marker", "matched_words"] == f"marker: {MARKER}; price: Trop cher"
    assert audit.loc["html", "comment"] == STRANGE["html"]
    assert audit.loc["no comment", "sentiment_status"] == "no_comment"
    assert set(audit.loc[audit["has_comment"], "sentiment_status"]) == {"not_computed"}
    assert audit["sentiment"].isna().all()


def test_a_setting_that_cannot_be_used_stops_with_a_sentence(raw, build, tmp_path):
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "vars.yml").write_text("publish_comments: 'yes'\n")
    result = build(raw, tmp_path / "warehouse", settings=settings)
    assert result.returncode == 1, result.output
    assert 'The var publish_comments is "yes": give true or false.' in result.output
