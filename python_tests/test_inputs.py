"""What a company may deliver: any format, in one file or many; and what stops a build before anything is published."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from oracle import compute
from test_oracle import compare, published

EVENTS = """\
Event_ID,customer_id,event_type,occurred_at,loaded_at,user_id,amount,source
e1,c1,login,2025-01-01T23:30:00-01:00,2025-01-02T01:00:00Z,u1,,
e2,c1,purchase,2025-01-02 10:00,2025-01-02 12:00:00.5,u2,10.30000000000000004,"a, ""b""!"
e3, c2 ,login,2025-02-30,,u1,,
e4,c2,mystery,2025-02-20,2025-02-20,u1,,
e4,c2,mystery,2025-02-20,2025-02-21,u1,,
e5,c2,purchase,2025-03-01T08:00:00Z,,,"1,5",
e6,c3,report_created,2025-03-31,,u9,,
"""
ANSWERS = """\
answer_id,customer_id,question,sent_at,answered_at,score,respondent_id
a1,c1,nps,2025-01-05,2025-01-06 10:00,9,p1
a2,c1,nps,2025-01-07,2025-01-08 10:00,3,p1
a3,c2,nps,2025-01-07,,,p1
a4,c2,csat,2025-01-07,2025-01-08,9.5,p1
a5,c2,csat,2025-01-07,2025-01-08,4.0,p1
a6,c2,nps,2025-01-07,2025-01-08,11,p2
"""
CUSTOMERS = """\
customer_id,updated_at,plan,region
c1,2025-01-10,free,eu
c1,2025-02-10,pro,eu
c2,,pro,
"""
# Most of these few rows are there to be rejected.
VARS = "max_rejected_share: 1\n"


def split(text: str, at: int) -> tuple[str, str]:
    """The CSV text as two files, the first with `at` rows, both with the header."""
    header, *rows = text.splitlines(keepends=True)
    return header + "".join(rows[:at]), header + "".join(rows[at:])


def as_json_lines(text: str) -> str:
    """The rows of a CSV text as JSON lines; an empty value is left out, as programs that write JSON do."""
    with duckdb.connect() as connection:
        Path("rows.csv").write_text(text)
        rows = connection.sql("from read_csv('rows.csv', all_varchar = true, header = true)")
        return "".join(
            json.dumps({name: value for name, value in zip(rows.columns, row, strict=True) if value is not None}) + "\n"
            for row in rows.fetchall()
        )


@pytest.fixture
def raw(tmp_path, monkeypatch) -> Path:
    """An empty raw folder with a space and a quote in its name, and settings that allow many rejects."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "Ana's raw data"
    (folder / "settings").mkdir(parents=True)
    (folder / "settings" / "vars.yml").write_text(VARS)
    return folder


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_text_is_parsed_strictly_in_every_format_and_any_number_of_files(form, raw, build):
    if form == "csv":
        first, second = split(EVENTS, 3)
        (raw / "events").mkdir()
        (raw / "events" / "2025-01.csv").write_text(first)
        (raw / "events" / "2025-02.CSV").write_text(second)
        first, second = split(ANSWERS, 2)
        (raw / "survey_answers_1.csv").write_text(first)
        (raw / "survey_answers_2.csv").write_text(second)
        (raw / "customers.csv").write_text(CUSTOMERS)
    else:
        for name, text in {"events": EVENTS, "survey_answers": ANSWERS, "customers": CUSTOMERS}.items():
            (raw / f"{name}.jsonl").write_text(as_json_lines(text))
    result = build(raw)
    assert result.returncode == 0, result.output
    for name, table in compute(raw).items():
        compare(name, published(result, name), table)
    rejected = published(result, "rejected_rows").sort_values(["source_table", "row_number"])
    assert rejected[["source_table", "row_number", "row_id", "reason"]].to_numpy().tolist() == [
        ["events", 3, "e3", "unparsable_occurred_at"],
        ["events", 6, "e5", "invalid_amount"],
        ["survey_answers", 4, "a4", "invalid_score"],
        ["survey_answers", 6, "a6", "score_out_of_scale"],
    ]
    content = json.loads(rejected["raw_row"].iloc[1])
    assert (content["amount"], content["occurred_at"], content["Event_ID"]) == ("1,5", "2025-03-01T08:00:00Z", "e5")
    reconciliation = published(result, "row_reconciliation").set_index("source_table")
    assert reconciliation.loc["events", ["raw_rows", "accepted", "duplicates", "rejected"]].tolist() == [7, 4, 1, 2]


def spoil_folder(raw: Path) -> None:
    shutil.rmtree(raw)


def spoil_files(raw: Path) -> None:
    for path in raw.glob("*.csv"):
        path.unlink()


def rewrite(name: str, text: str):
    """A step that writes a file of the raw folder."""
    return lambda raw: (raw / name).write_text(text)


WEIGHTS = "event_type,weight,valid_from,valid_to,reason\n"
# Rows that no seed may have, and what is said of them: all at once, since a build says all that is wrong.
BAD_SEEDS = {
    "event_weights.csv": (
        WEIGHTS + "login,1,,2025-06-30,old\nlogin,2,2025-06-30,,new\npurchase,-1,,,\n",
        [
            "event_weights.csv: login has two weights on 2025-06-30",
            "end the older one the day before",
            "a row for purchase",
            "has a weight below 0",
        ],
    ),
    "score_bands.csv": ("metric,band,lower_edge\nengagement,cold,0\nengagement,hot,50\n", ["cold"]),
    "engagement_scale.csv": (
        "scale_version,points,score\nfirst,0,1\nfirst,9,60\nfirst,10,50\n",
        ["engagement_scale.csv: scale first is wrong at 10.000000 points"],
    ),
    "instrumentation_rules.csv": (
        "rule,max_share,min_expected_customers\nvanished,-1,20\n",
        ["instrumentation_rules.csv has 1 rows, of which 0 can be used"],
    ),
    "comment_themes.csv": (
        "theme,language,pattern\nprice,en,pric(e\nprice,de,\nprice,en,can't pay\nprice,en,more[[:space:]]than\n",
        [
            "the line price,en,pric(e is no regular expression",
            "the line price,de, has no pattern",
            "the line price,en,can't pay has a sign that no folded comment has",
            "the line price,en,more[[:space:]]than has a sign that no folded comment has",
        ],
    ),
}


def spoil_seeds(raw: Path) -> None:
    for name, (text, _) in BAD_SEEDS.items():
        (raw / "settings" / name).write_text(text)


BAD_INPUTS = {
    "wrong seeds": (spoil_seeds, [word for _, words in BAD_SEEDS.values() for word in words]),
    "no folder": (spoil_folder, ["There is no folder", "raw"]),
    "no file": (spoil_files, ["No raw data in", "events or survey_answers", "RAW=folder"]),
    "header only": (rewrite("events.csv", EVENTS.splitlines()[0] + "\n"), ["events has no rows in", "events.csv"]),
    "empty file": (rewrite("events.csv", ""), ["events has no rows in", "events.csv"]),
    "missing column": (
        rewrite("events.csv", EVENTS.replace("occurred_at", "time")),
        ["events.occurred_at is missing", "events.csv", "time", "Rename the column"],
    ),
    "wrong kind": (
        lambda raw: duckdb.sql(
            "select 'a1' as answer_id, 'c1' as customer_id, 'nps' as question, 20250105 as sent_at"
        ).write_parquet(str((raw / "survey_answers.csv").unlink() or raw / "survey_answers.parquet")),
        ["survey_answers.sent_at is of type INTEGER", "must be a timestamp, a date or a text"],
    ),
    "unknown segment column": (
        rewrite("settings/vars.yml", VARS + "segment_columns: [plan, tier]\n"),
        ["customers.tier is missing", "segment_columns"],
    ),
    "segment column that is no name": (
        rewrite("settings/vars.yml", VARS + "segment_columns: ['plan; drop table x']\n"),
        ["segment_columns names", "lower-case letters"],
    ),
    "weight that is no number": (
        rewrite("settings/event_weights.csv", WEIGHTS + "login,high,,,\n"),
        ["event_weights.csv, line 2: weight is 'high'", "where a number"],
    ),
    "unterminated quote": (
        rewrite("events.csv", EVENTS.replace('""b""!"', "b")),
        ["events.csv cannot be read as CSV", "each quote closed"],
    ),
    "half a row": (rewrite("events.csv", EVENTS + "e9,c1\n"), ["events.csv cannot be read as CSV", "each row whole"]),
    "a line that is no row": (rewrite("events.csv", EVENTS + "# total 7\n"), ["events.csv cannot be read as CSV"]),
    "another extension": (rewrite("events_2024.json", "[]"), ["events_2024.json is named like the raw table events"]),
    "ids as fractions": (
        lambda raw: duckdb.sql("select 1.0::double as customer_id").write_parquet(
            str((raw / "customers.csv").unlink() or raw / "customers.parquet")
        ),
        ["customers.customer_id is of type DOUBLE", "a text or a whole number"],
    ),
    "a segment that names people": (
        rewrite("settings/vars.yml", VARS + "segment_columns: [customer_name]\n"),
        ["segment_columns names customer_name", "names a person"],
    ),
    "a segment that is a word of SQL": (
        rewrite("settings/vars.yml", VARS + "segment_columns: [group]\n"),
        ["segment_columns names 'group'", "rename the column"],
    ),
    "a day that does not exist": (
        rewrite("settings/vars.yml", VARS + "as_of_date: 2025-02-30\n"),
        ["vars.yml cannot be read as YAML"],
    ),
    "nothing accepted": (
        lambda raw: [
            rewrite("events.csv", EVENTS.replace(",2025-", ",1925-"))(raw),
            (raw / "survey_answers.csv").unlink(),
        ],
        ["No row of events or survey_answers was accepted"],
    ),
    "two formats": (rewrite("events.jsonl", "{}\n"), ["events comes in more than one format", "keep one format"]),
    "too many rejects": (
        rewrite("settings/vars.yml", "max_rejected_share: 0.05\n"),
        ["events: 2 of 7 rows were rejected", "max_rejected_share"],
    ),
    "unknown time zone": (
        rewrite("settings/vars.yml", VARS + "reporting_timezone: Europe/Bukarest\n"),
        ["reporting_timezone is 'Europe/Bukarest'", "Europe/Bucharest"],
    ),
    "window that is no number": (
        rewrite("settings/vars.yml", VARS + "score_window_days: 28 days\n"),
        ['score_window_days is "28 days"', "give a number from 1 to 366"],
    ),
    "lookback below zero": (
        rewrite("settings/vars.yml", VARS + "dedup_lookback_days: -1\n"),
        ["dedup_lookback_days is -1", "give a number from 0 to 10000"],
    ),
    "a session without an end": (
        rewrite("settings/vars.yml", VARS + "session_gap_minutes: 1441\n"),
        ["session_gap_minutes is 1441", "give a number from 1 to 1440"],
    ),
    "half-life of nothing": (
        rewrite("settings/vars.yml", VARS + "score_half_life_days: 0\n"),
        ["score_half_life_days is 0", "give a number from 0.1 to 10000"],
    ),
    "part of an answer": (
        rewrite("settings/vars.yml", VARS + "min_answers: 2.5\n"),
        ["min_answers is 2.5", "give a whole number"],
    ),
    "customer twice at one time": (
        rewrite("customers.csv", CUSTOMERS + "c1,2025-02-10,team,eu\n"),
        ["customers: c1 has two versions with the same updated_at", "give it its own time"],
    ),
    "answers without questions": (
        rewrite(
            "survey_answers.csv", ANSWERS.replace(",nps,2025-01-05,", ",nps,,").replace(",nps,2025-01-07,", ",nps,,")
        ),
        ["nps has 2 answers to 0 questions asked"],
    ),
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory, build):
    """A warehouse with a good build, which no bad input may replace."""
    good = tmp_path_factory.mktemp("good")
    deliver(good)
    folder = tmp_path_factory.mktemp("warehouse")
    result = build(good, folder)
    assert result.returncode == 0, result.output
    return folder


def deliver(folder: Path) -> None:
    """Writes a good raw folder."""
    (folder / "settings").mkdir(parents=True, exist_ok=True)
    for name, text in {"events": EVENTS, "survey_answers": ANSWERS, "customers": CUSTOMERS}.items():
        (folder / f"{name}.csv").write_text(text)
    (folder / "settings" / "vars.yml").write_text(VARS)


@pytest.mark.parametrize("case", BAD_INPUTS)
def test_a_bad_input_stops_with_a_sentence_and_the_former_marts_stay(case, raw, warehouse, build):
    spoil, words = BAD_INPUTS[case]
    deliver(raw)
    spoil(raw)
    before = (warehouse / "customer_scores.duckdb").resolve()

    result = build(raw, warehouse)

    assert result.returncode == 1, result.output
    missing = [word for word in words if word not in result.output]
    assert not missing, f"{missing} not in:\n{result.output}"
    assert "Nothing was published" in result.output and "is still the build of" in result.output
    assert "Traceback" not in result.output
    assert (warehouse / "customer_scores.duckdb").resolve() == before
    with duckdb.connect(str(warehouse / "customer_scores.duckdb"), read_only=True) as connection:
        assert connection.sql("select count(*) from dim_customers").fetchall() == [(3,)]
