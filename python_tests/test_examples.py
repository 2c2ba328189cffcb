"""The examples map public data to raw folders, and the marts built from them reproduce the published figures."""

import re
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from real_data import CDNOW_DATA, DATA_FILES, EXAMPLES, REPOSITORY, run_map

PUBLISHED = REPOSITORY / "seeds" / "published" / "fixture_real_data.csv"


def published(file: str, topic: str) -> pd.Series:
    """The row of the published figures of `file` whose filter names `topic`."""
    figures = pd.read_csv(PUBLISHED)
    rows = figures[(figures["file"] == file) & figures["filter"].str.contains(topic, regex=False)]
    assert len(rows) == 1, f"{PUBLISHED} has {len(rows)} rows for {file}, {topic}; 1 is needed"
    return rows.iloc[0]


def numbers(text: object) -> list[float]:
    """The numbers in a text, in order; commas within a number set thousands apart."""
    return [float(number.replace(",", "")) for number in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", str(text))]


def query(marts: Path, sql: str) -> pd.DataFrame:
    """The result of a query over published marts."""
    with duckdb.connect(str(marts), read_only=True) as connection:
        return connection.sql(sql).df()


def assert_summary_is_printed(raw: Path, marts: Path, output: str) -> None:
    """The example's summary sets a figure beside every published one, and the build printed all of it."""
    summary = query(marts, (raw / "settings" / "summary.sql").read_text())
    assert list(summary.columns) == ["figure", "published", "found"]
    assert summary.notna().all(axis=None)
    missing = [cell for cell in summary.to_numpy().ravel() if cell not in output]
    assert not missing, f"the build's output lacks {missing}"


@pytest.mark.parametrize("example", DATA_FILES)
def test_a_missing_data_file_is_a_sentence_that_says_where_to_find_it(example, tmp_path):
    out = tmp_path / "raw"
    result = run_map(example, tmp_path, out)

    assert result.returncode != 0
    assert str(tmp_path / DATA_FILES[example].name) in result.stderr
    assert any(licence in result.stderr for licence in ("CC0", "Apache-2.0", "MIT licence"))
    assert len(result.stderr.strip().splitlines()) == 1
    assert not out.exists()


@pytest.mark.parametrize("example", DATA_FILES)
def test_a_file_of_another_kind_is_named_and_not_mapped(example, tmp_path):
    (tmp_path / DATA_FILES[example].name).write_text("this is\nnot the file\n")
    result = run_map(example, tmp_path, tmp_path / "raw")

    assert result.returncode != 0
    assert "is not the file that this example maps" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "raw").exists()


@pytest.mark.parametrize("example", DATA_FILES)
def test_the_settings_go_with_the_raw_folder(example, request):
    raw = request.getfixturevalue(example)
    settings = EXAMPLES / example / "settings"
    copies = {path.name: path.read_bytes() for path in (raw / "settings").iterdir()}
    assert copies == {path.name: path.read_bytes() for path in settings.iterdir()}


def test_online_retail_keeps_every_invoice_line(online_retail):
    lines = pd.read_parquet(DATA_FILES["online_retail"])
    events = pd.read_parquet(online_retail / "events.parquet")
    figures = published("online_retail.parquet", "all")
    rows, rows_with_customer = numbers(figures["published"])
    rows_without, customers, invoices, returned_invoices = numbers(figures["recomputed"])

    assert len(events) == events["event_id"].nunique() == rows
    assert events["customer_id"].notna().sum() == rows_with_customer
    assert events["customer_id"].isna().sum() == rows_without
    assert events["customer_id"].nunique() == customers
    assert events["session_id"].nunique() == invoices
    assert events.loc[events["event_type"] == "return", "session_id"].nunique() == returned_invoices
    # Line by line, in tenths of a penny, which floating point holds exactly at this size.
    expected = (lines["Quantity"] * (lines["UnitPrice"] * 1000).round()).astype("int64")
    assert (events["amount"] * 1000).astype("int64").tolist() == expected.tolist()
    assert events["occurred_at"].tolist() == lines["InvoiceDate"].tolist()


def test_online_retail_both_rules_for_a_return_agree_where_there_is_a_customer(online_retail):
    lines = pd.read_parquet(DATA_FILES["online_retail"])
    events = pd.read_parquet(online_retail / "events.parquet")
    known = events["customer_id"].notna()

    assert ((events["event_type"] == "return") == lines["InvoiceNo"].str.startswith("C")).all()
    assert ((events["event_type"] == "return") == (lines["Quantity"] < 0))[known].all()
    assert set(events.loc[known, "event_type"]) == {"purchase", "return"}


def test_online_retail_has_one_customer_version_per_change_of_country(online_retail):
    lines = pd.read_parquet(DATA_FILES["online_retail"]).dropna(subset="CustomerID")
    versions = pd.read_parquet(online_retail / "customers.parquet")
    moved = lines.groupby("CustomerID")["Country"].nunique() > 1
    last = lines.groupby(lines["CustomerID"].astype(int).astype(str))["Country"].last()

    assert versions["customer_id"].nunique() == 4372
    assert not versions.duplicated(["customer_id", "updated_at"]).any()
    assert versions["customer_id"].value_counts().gt(1).sum() == moved.sum() == 8
    current = versions.sort_values("updated_at").groupby("customer_id")["region"].last()
    pd.testing.assert_series_equal(current, last, check_names=False, check_index_type=False)


def test_online_retail_marts_reproduce_the_published_figures(online_retail, build):
    result = build(online_retail)
    assert result.returncode == 0, result.output
    figures = published("online_retail.parquet", "all")
    rows, rows_with_customer = numbers(figures["published"])
    rows_without, customers = numbers(figures["recomputed"])[:2]

    events = query(result.marts, "from row_reconciliation where source_table = 'events'").iloc[0]
    assert (events["raw_rows"], events["accepted"]) == (rows, rows_with_customer)
    assert (events["duplicates"], events["rejected"]) == (0, rows_without)
    with duckdb.connect(str(result.work), read_only=True) as work:
        reasons = work.sql("select reason, count(*) from rejected_rows group by reason").fetchall()
    assert reasons == [("missing_customer_id", rows_without)]
    assert query(result.marts, "from dim_customers")["customer_id"].nunique() == customers

    raw = pd.read_parquet(online_retail / "events.parquet").dropna(subset="customer_id")
    expected = raw.groupby("event_type")["amount"].agg(["size", "sum"])
    activity = query(result.marts, "select event_type, event_count, amount from fct_activity_daily")
    found = activity.groupby("event_type").sum()
    assert found["event_count"].to_dict() == expected["size"].to_dict()
    assert found["amount"].to_dict() == pytest.approx(expected["sum"].astype(float).to_dict(), abs=0.001)
    assert_summary_is_printed(online_retail, result.marts, result.output)


def test_community_survey_tells_the_classes_of_silence_apart(community_survey):
    answers = pd.read_parquet(community_survey / "survey_answers.parquet")
    customers = pd.read_parquet(community_survey / "customers.parquet")
    n = published("r_community_survey_2018.csv", "Qr_enjoyment")["published_n"]

    assert len(customers) == customers["customer_id"].nunique() == 3375
    by_question = answers.groupby("question")["score"]
    assert by_question.count().to_dict() == {"difficulty": n, "enjoyment": n, "recommend": n}
    # Two were asked and silent; the 95 on the form's branch for people who do not use R were not asked.
    assert by_question.size().to_dict() == {"difficulty": n + 2, "enjoyment": n + 2, "recommend": n + 2}
    assert (answers["answered_at"].isna() == answers["score"].isna()).all()
    assert answers["answer_id"].is_unique


def test_community_survey_scores_are_those_of_the_file(community_survey):
    lines = pd.read_csv(DATA_FILES["community_survey"]).set_index("row")
    answers = pd.read_parquet(community_survey / "survey_answers.parquet").dropna(subset="score")
    columns = {"recommend": "Qrecommend", "enjoyment": "Qr_enjoyment", "difficulty": "Qr_difficulty_experienced"}
    for question, column in columns.items():
        found = answers[answers["question"] == question]
        found = found.set_index(found["customer_id"].astype(int))["score"].sort_index()
        pd.testing.assert_series_equal(found, lines[column].dropna(), check_names=False, check_dtype=False)


def test_community_survey_spanish_labels_join_the_english_ones(community_survey):
    customers = pd.read_parquet(community_survey / "customers.parquet")
    by_experience = customers.groupby("experience")["language"].value_counts().unstack()

    assert set(by_experience.index) == {"None", "Beginner", "Intermediate", "Expert"}
    assert by_experience.notna().all(axis=None)
    assert not customers["country"].str.contains("/|España|México|Perú", na=False).any()
    assert customers.loc[customers["industry"] == "Research", "language"].nunique() == 2


def test_community_survey_marts_reproduce_the_published_figures(community_survey, build):
    result = build(community_survey)
    assert result.returncode == 0, result.output
    scores = query(result.marts, "from survey_scores where period_grain = 'all'").set_index(
        ["metric", "segment_dimension", "segment_value"]
    )

    figures = published("r_community_survey_2018.csv", "Qrecommend")
    score, promoters, detractors = numbers(figures["recomputed"])
    nps = scores.loc[("nps", "language", "en")]
    assert (nps["counted"], nps["positives"], nps["negatives"]) == (figures["published_n"], promoters, detractors)
    assert nps["score"] == pytest.approx(score, abs=0.0005)
    assert round(nps["score"]) == float(figures["published"])

    figures = published("r_community_survey_2018.csv", "Qr_enjoyment")
    *shares, mean, positive_share = numbers(figures["recomputed"].replace("4-5", ""))
    *rounded_shares, rounded_mean = numbers(figures["published"])
    distribution = query(result.marts, "from answer_distribution where question = 'enjoyment' order by score")
    found = 100 * distribution["answers"] / distribution["answers"].sum()
    assert distribution["answers"].sum() == figures["published_n"]
    assert found.tolist() == pytest.approx(shares, abs=0.005)
    assert found.round().tolist() == rounded_shares
    csat = scores.loc[("csat", "all", "all")]
    assert csat["counted"] == figures["published_n"]
    assert csat["mean_score"] == pytest.approx(mean, abs=0.0005)
    assert round(csat["mean_score"], 1) == rounded_mean
    assert csat["score"] == pytest.approx(positive_share, abs=0.005)

    figures = published("r_community_survey_2018.csv", "Qr_difficulty_experienced")
    effort = scores.loc[("effort", "all", "all")]
    assert effort["counted"] == figures["published_n"]
    assert effort["score"] == pytest.approx(float(figures["recomputed"]), abs=0.0005)
    assert round(effort["score"], 1) == float(figures["published"])
    # 5 is hardest: those who found it hard are the negatives, and a mean near 3 is neither easy nor hard.
    lines = pd.read_csv(DATA_FILES["community_survey"])["Qr_difficulty_experienced"]
    assert (effort["negatives"], effort["positives"]) == ((lines >= 4).sum(), (lines <= 2).sum())
    assert effort["band"] == "fair"
    assert_summary_is_printed(community_survey, result.marts, result.output)


def customer_summary(purchases: pd.DataFrame) -> pd.DataFrame:
    """Repeat days, recency and age in weeks, and mean value of a repeat day up to week 39, by customer.

    purchases: customer_id (text), date (datetime), amount (float), any number of rows per customer and day.
    """
    end = pd.Timestamp("2014-09-30")
    days = purchases[purchases["date"] <= end].groupby(["customer_id", "date"])["amount"].sum().reset_index()
    first = days.groupby("customer_id")["date"].transform("min")
    by_customer = days.groupby("customer_id")["date"]
    summary = pd.DataFrame(
        {
            "frequency": by_customer.size() - 1,
            "recency": (by_customer.max() - by_customer.min()).dt.days / 7,
            "T": (end - by_customer.min()).dt.days / 7,
            "monetary_value": days[days["date"] > first].groupby("customer_id")["amount"].mean(),
        }
    ).fillna({"monetary_value": 0})
    summary.index = summary.index.astype(int)
    return summary.sort_index()


def assert_is_the_packages_summary(purchases: pd.DataFrame) -> None:
    """Customer by customer, the purchases give the summary that the package publishes (rounded to 2 places)."""
    expected = pd.read_csv(CDNOW_DATA / "cdnow_customers_summary_with_transactions.csv", index_col="ID")
    expected.columns = ["frequency", "recency", "T", "monetary_value"]
    found = customer_summary(purchases)
    assert len(found) == len(expected) == 2357
    pd.testing.assert_frame_equal(found, expected, check_names=False, check_dtype=False, rtol=0, atol=0.00501)


def test_cdnow_purchases_give_the_packages_customer_summary(cdnow):
    events = pd.read_parquet(cdnow / "events.parquet")
    lines = pd.read_csv(DATA_FILES["cdnow"], sep=r"\s+", header=None, names=["master", "id", "day", "cds", "value"])

    assert len(events) == events["event_id"].nunique() == len(lines) == 6919
    assert events["customer_id"].astype(int).tolist() == lines["id"].tolist()
    assert events["amount"].astype(float).tolist() == lines["value"].tolist()
    days = pd.to_datetime(lines["day"].astype(str))
    assert ((events["occurred_at"] - days).dt.days == 17 * 365 + 4).all()
    assert (events["occurred_at"].dt.day_of_week == days.dt.day_of_week).all()
    assert_is_the_packages_summary(
        events.assign(date=events["occurred_at"].dt.normalize(), amount=events["amount"].astype(float))
    )


def test_cdnow_marts_give_the_packages_customer_summary(cdnow, build):
    result = build(cdnow)
    assert result.returncode == 0, result.output
    assert "events has no loaded_at" in result.output
    customers = query(result.marts, "select customer_id, is_inferred from dim_customers")
    assert customers["customer_id"].nunique() == len(customers) == 2357
    assert customers["is_inferred"].all()

    activity = query(
        result.marts,
        "select customer_id, cast(activity_date as timestamp) as date, event_count, cast(amount as double) as amount "
        "from fct_activity_daily",
    )
    assert activity["event_count"].sum() == 6919
    assert activity["amount"].sum() == pytest.approx(244_091.94, abs=0.005)
    assert_is_the_packages_summary(activity)
    assert_summary_is_printed(cdnow, result.marts, result.output)
