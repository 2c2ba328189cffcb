"""The oracle gives the worked examples of D53 to D56, so that it may judge experience index and operational effort."""

import math
from pathlib import Path

import pandas as pd
import pytest
from oracle import compute

COMPONENTS = ["effort", "empathy", "understanding", "effectiveness"]
CHANNELS = pd.DataFrame(
    [
        ("call", "phone", "60", "900"),
        ("call", "fax", "", "900"),
        ("call", "", "90", ""),
        ("visit", "shop", "50", "900"),
    ],
    columns=["event_type", "channel", "ease", "wait_limit_seconds"],
)


def write(folder: Path, name: str, header: str, rows: list[str]) -> None:
    """Writes a raw table as CSV."""
    (folder / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n")


def write_answers(folder: Path, scores: dict[str, list[int]], customer_id: str = "c") -> None:
    """Writes answers to questions on 2 May, each of a respondent of its own."""
    rows = [
        f"{question}{i},{customer_id},{question},2025-05-01,2025-05-02,{score},u{i}"
        for question, own in scores.items()
        for i, score in enumerate(own)
    ]
    write(folder, "survey_answers", "answer_id,customer_id,question,sent_at,answered_at,score,respondent_id", rows)


def write_contacts(folder: Path, contacts: list[tuple[str, str, str]]) -> None:
    """Writes contacts of 2 May: event type, channel and wait."""
    rows = [f"e{i},c,{kind},2025-05-02,{channel},{wait}" for i, (kind, channel, wait) in enumerate(contacts)]
    write(folder, "events", "event_id,customer_id,event_type,occurred_at,channel,duration_seconds", rows)


def month_of(table: pd.DataFrame) -> pd.Series:
    """The row of May 2025 for all customers."""
    is_it = (table["segment_dimension"] == "all") & (table["period_grain"] == "month")
    return table[is_it & (table["period_start"] == "2025-05-01")].squeeze()


def margin(scores: list[int], t: float, unit: float) -> float:
    """Half of Student's interval of a mean, with t read from a printed table."""
    mean = sum(scores) / len(scores)
    variance = sum((score - mean) ** 2 for score in scores) / (len(scores) - 1)
    return t * math.sqrt(variance / len(scores)) * unit


def test_experience_index_is_the_mean_of_four_components(tmp_path):
    scores = {
        "effort": [5, 5, 6, 6, 5, 6],
        "empathy": [4] * 5,
        "understanding": [3, 2, 4, 3, 3],
        "effectiveness": [5] * 5,
    }
    write_answers(tmp_path, scores)
    row = month_of(compute(tmp_path)["experience_index"])
    assert row[COMPONENTS].tolist() == [75, 75, 50, 100]
    assert (row["experience_index"], row["missing_components"], row["band"]) == (75, None, "high")
    reach = (margin(scores["effort"], 2.5706, 100 / 6) + margin(scores["understanding"], 2.7764, 25)) / 4
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((75 - reach, 75 + reach), abs=1e-3)


def test_a_hidden_component_is_missing_for_a_segment_and_shown_for_a_customer(tmp_path):
    write_answers(tmp_path, {"effort": [7] * 5, "empathy": [4] * 5, "understanding": [3] * 5, "effectiveness": [5] * 4})
    tables = compute(tmp_path)
    row = month_of(tables["experience_index"])
    assert (row["effectiveness_answers"], row["is_suppressed"], row["missing_components"]) == (4, True, "effectiveness")
    assert row[["effectiveness", "experience_index", "ci_low", "band"]].isna().all()
    assert tables["customer_experience"].squeeze()["experience_index"] == (100 + 75 + 50 + 100) / 4


def test_a_component_on_a_scale_where_high_is_bad_is_turned_round(tmp_path):
    questions = "question,metric,scale_min,scale_max,negative_to,positive_from,higher_is,counting"
    (tmp_path / "settings").mkdir()
    write(tmp_path / "settings", "survey_questions", questions, ["effort,effort,1,7,6,3,worse,every_answer"])
    write_answers(tmp_path, {"effort": [7, 7, 7, 1]})
    assert compute(tmp_path)["customer_experience"].squeeze()["effort"] == 25


def test_waits_and_channels_are_rated_by_their_own_row_before_that_of_any_channel(tmp_path):
    own = [("call", "phone", "0"), ("call", "phone", "600"), ("visit", "shop", "900"), ("visit", "shop", "9000")]
    others = [("call", "fax", ""), ("call", "Phone", "5"), ("call", "", "5"), ("visit", "home", "5"), ("login", "", "")]
    write_contacts(tmp_path, own + others)
    row = compute(tmp_path, {"contact_channels": CHANNELS})["customer_experience"].squeeze()
    assert row[["contacts", "rated_contacts", "timed_contacts"]].tolist() == [8, 6, 4]
    assert row["channel_ease"] == (60 + 60 + 50 + 50 + 90 + 90) / 6
    assert row["wait_ease"] == pytest.approx((100 + 33.333333) / 4, abs=1e-12)
    assert row["missing_parts"] == "resolution_satisfaction"


def test_operational_effort_is_the_mean_of_three_parts_over_all_time(tmp_path):
    write_contacts(tmp_path, [("call", "phone", "225")])
    with (tmp_path / "events.csv").open("a") as events:
        events.write("first,c,login,2025-03-09,,\n")
    write_answers(tmp_path, {"support_csat": [5, 5, 5, 4, 4]})
    tables = compute(tmp_path, {"contact_channels": CHANNELS}, {"min_answers": 1})
    assert tables["customer_scores"].squeeze()["operational_effort"] == (60 + 75 + 90) / 3
    rows = tables["operational_effort"].query("segment_dimension == 'all'").set_index("period_grain")
    assert rows["operational_effort"].to_dict() == {"all": 75, "month": 75, "quarter": 75}
    periods = rows[["period_start", "period_end"]].map(lambda day: f"{day:%d.%m.}").agg("-".join, axis=1).to_dict()
    assert periods == {"all": "09.03.-02.05.", "month": "01.05.-31.05.", "quarter": "01.04.-30.06."}


def test_where_one_value_of_a_dimension_is_too_small_the_next_smallest_is_hidden_with_it(tmp_path):
    sizes = {"a": 2, "b": 9, "c": 4, "d": 3}
    write(tmp_path, "customers", "customer_id,plan", [f"{one},{one}" for one in sizes])
    rows = [f"{one}{i},{one},call,2025-05-02,phone" for one, size in sizes.items() for i in range(size)]
    write(tmp_path, "events", "event_id,customer_id,event_type,occurred_at,channel", rows)
    for min_answers, hidden in ((3, {"a", "d"}), (4, {"a", "d"}), (5, {"a", "c", "d"}), (10, set(sizes))):
        table = compute(tmp_path, {"contact_channels": CHANNELS}, {"min_answers": min_answers})["operational_effort"]
        plans = table[(table["segment_dimension"] == "plan") & (table["period_grain"] == "month")]
        assert set(plans.loc[plans["is_suppressed"], "segment_value"]) == hidden
        assert (plans["channel_ease"].isna() == plans["is_suppressed"]).all()
        assert dict(zip(plans["segment_value"], plans["rated_contacts"], strict=True)) == sizes
