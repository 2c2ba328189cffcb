"""The oracle gives worked examples of sessions, activity, retention and value, so that it may judge their tables."""

import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracle import compute_value
from oracle.retention import add_rate
from oracle.settings import load_seeds
from oracle.value import quadrants, quintiles
from real_data import CDNOW_DATA

EVENT = ["customer_id", "event_type", "occurred_at", "user_id", "channel", "amount", "loaded_at"]
DAYS_OF_MONTH = 30.4375


def tables_of(
    folder: Path, events: list[str], customers: list[str] = (), seeds: dict | None = None, **settings
) -> dict:
    """The tables made of events (`EVENT`, of which the last may be left out) and versions of customers.

    `seeds` gives rows, as CSV, that take the place of the project's own.
    """
    rows = [f"e{number},{row}{',' * (len(EVENT) - 1 - row.count(','))}" for number, row in enumerate(events)]
    (folder / "events.csv").write_text("\n".join([",".join(["event_id", *EVENT]), *rows]) + "\n")
    if customers:
        header = "customer_id,updated_at,plan,trial_started_at,subscribed_at,churned_at,acquisition_cost"
        (folder / "customers.csv").write_text("\n".join([header, *customers]) + "\n")
    (folder / "settings").mkdir(exist_ok=True)
    for name, own in (seeds or {}).items():
        header = ",".join(load_seeds(folder)[name].columns)
        (folder / "settings" / f"{name}.csv").write_text("\n".join([header, *own]) + "\n")
    return compute_value(folder, settings=settings)


def rows_of(table: pd.DataFrame, dimension: str = "all", value: str = "all") -> pd.DataFrame:
    """The rows of one segment, in order of time."""
    own = table[(table["segment_dimension"] == dimension) & (table["segment_value"] == value)]
    return own.sort_values("period_start", ignore_index=True)


def minutes(table: pd.DataFrame) -> list[float]:
    """How long the sessions took."""
    return [float(seconds) / 60 for seconds in table["session_seconds"]]


# --- Sessions --------------------------------------------------------------------------------------------------------


def test_ten_visitors_who_stay_200_minutes_in_all_stay_20_minutes_each(tmp_path):
    stays = [2, 6, 10, 14, 18, 22, 26, 30, 34, 38]
    times = [(user, minute) for user, stay in enumerate(stays) for minute in (0, stay // 2, stay)]
    tables = tables_of(tmp_path, [f"c,login,2025-03-01 10:{minute:02},u{user}" for user, minute in times])
    row = rows_of(tables["site_time"]).iloc[0]
    assert (row["sessions"], row["unique_visitors"], row["total_seconds"]) == (10, 10, 12_000)
    assert (row["average_seconds_per_visitor"], row["average_seconds_per_session"]) == (1200, 1200)
    assert sorted(minutes(tables["fct_sessions"])) == stays
    assert tables["customer_site_time"]["average_seconds_per_visitor"].tolist() == [1200]


def test_exactly_30_minutes_later_is_the_same_session_and_a_microsecond_more_is_another(tmp_path):
    events = ["c,login,2025-03-01 10:00:00", "c,login,2025-03-01 10:30:00", "c,login,2025-03-01 11:00:00.000001"]
    table = tables_of(tmp_path, events)["fct_sessions"]
    assert (table["event_count"].tolist(), minutes(table)) == ([2, 1], [30, 0])
    table = tables_of(tmp_path, events, session_gap_minutes=29)["fct_sessions"]
    assert table["event_count"].tolist() == [1, 1, 1]


def test_a_session_over_midnight_belongs_to_the_day_and_month_in_which_it_began(tmp_path):
    events = ["c,login,2025-03-31 21:50", "c,login,2025-03-31 22:10", "c,login,2025-04-01 10:00"]
    # In Bucharest it is three hours later: 00:50 of 1 April.
    for zone, days in (("UTC", ["2025-03-31", "2025-04-01"]), ("Europe/Bucharest", ["2025-04-01"] * 2)):
        table = tables_of(tmp_path, events, reporting_timezone=zone)["fct_sessions"]
        assert table["session_date"].astype(str).tolist() == days
    events[1:1] = ["c,login,2025-03-31 22:40", "c,login,2025-03-31 23:05", "c,login,2025-03-31 23:35"]
    events[-1] = "c,login,2025-04-01 00:05"
    tables = tables_of(tmp_path, events)
    assert minutes(tables["fct_sessions"]) == [135]
    assert rows_of(tables["site_time"])["sessions"].tolist() == [1, 0]
    assert rows_of(tables["site_time"])["average_seconds_per_visitor"].isna().tolist() == [False, True]


def test_a_user_is_one_within_a_customer_and_events_without_one_are_of_the_account_itself(tmp_path):
    visitors = ["a,login,2025-03-01 10:{},u1", "b,login,2025-03-01 10:{},u1", "a,login,2025-03-01 10:{}"]
    tables = tables_of(tmp_path, [visitor.format(minute) for minute in ("00", "01") for visitor in visitors])
    assert minutes(tables["fct_sessions"]) == [1, 1, 1]
    visitors = tables["fct_sessions"][["customer_id", "user_id"]].to_numpy().tolist()
    assert sorted(visitors, key=str) == [["a", "u1"], ["a", None], ["b", "u1"]]
    assert rows_of(tables["site_time"])["unique_visitors"].tolist() == [3]


def test_what_comes_after_today_makes_no_session_longer(tmp_path):
    events = ["c,login,2025-03-01 23:50", "c,login,2025-03-02 00:10"]
    table = tables_of(tmp_path, events, as_of_date="2025-03-01")["fct_sessions"]
    assert (table["event_count"].tolist(), minutes(table)) == ([1], [0])


def test_a_session_belongs_to_the_segment_of_its_day_and_a_visitor_of_two_segments_counts_in_both(tmp_path):
    customers = ["c,2025-03-01,free,,,,", "c,2025-03-11,pro,,,,"]
    events = [f"c,login,2025-03-{day},u1" for day in ("01 10:00", "01 10:20", "10 23:50", "11 00:10", "11 10:00")]
    table = tables_of(tmp_path, events, customers)["site_time"]
    found = {
        value: rows_of(table, dimension, value)[["sessions", "unique_visitors", "total_seconds"]].iloc[0].tolist()
        for dimension, value in (("all", "all"), ("plan", "free"), ("plan", "pro"))
    }
    assert found == {"all": [3, 1, 2400], "free": [2, 1, 2400], "pro": [1, 1, 0]}


# --- Activity --------------------------------------------------------------------------------------------------------


def test_activity_counts_from_the_first_event_of_the_data_and_to_the_day_of_churn(tmp_path):
    customers = ["a,2024-06-01,,,2024-06-01,2025-03-12,", "b,2024-06-01,,,,,"]
    events = [
        "b,login,2025-03-03 10:00",
        *("a,login,2025-03-05 10:00,u1", "a,login,2025-03-05 11:00,u2", "a,page_view,2025-03-05 12:00,u1"),
        *("a,invite_sent,2025-03-12 10:00,u1", "a,login,2025-03-13 10:00,u3", "b,login,2025-03-20 10:00"),
    ]
    weights = ["login,1,,2025-03-05,", "login,0,2025-03-06,,", "page_view,0,,,", "invite_sent,2,,,"]
    tables = tables_of(tmp_path, events, customers, {"event_weights": weights})
    row = tables["customer_activity"].iloc[0]
    assert row[["customer_id", "days", "active_days", "event_count", "active_users", "user_days"]].tolist() == [
        *("a", 10, 2, 4, 2, 3),
    ]
    assert row["feature_breadth"] == 2
    assert (row["active_day_share"], row["mean_daily_users"]) == (0.2, 0.3)
    assert row["stickiness"] == pytest.approx(0.15)
    row = rows_of(tables["segment_activity"]).iloc[0]
    assert row[["customers", "customer_days", "active_customers", "active_customer_days", "days"]].tolist() == [
        *(2, 28, 2, 4, 18),
    ]
    assert row["mean_daily_active_customers"] == 4 / 18
    assert row["stickiness"] == pytest.approx(1 / 9)
    assert row["active_day_share"] == pytest.approx(1 / 7)
    # a used two types that count, b one.
    assert row["mean_feature_breadth"] == 1.5
    # Nobody was observed in the months before, and nothing can be said of them.
    assert rows_of(tables["segment_activity"])["period_start"].astype(str).tolist() == ["2025-03-01"]


# --- Retention -------------------------------------------------------------------------------------------------------


def steps(table: pd.DataFrame) -> list[list[int]]:
    """There at the start, retained, churned, new, returned and there at the end, by month."""
    names = ["customers_at_start", "retained", "churned", "new_customers", "returned_customers", "customers_at_end"]
    return table[names].to_numpy().tolist()


def test_a_subscriber_is_there_until_the_day_before_the_churn(tmp_path):
    customers = ["a,2025-01-01,,,2025-01-01,2025-02-28,", "b,2025-01-01,,,2025-01-01,2025-03-01,"]
    events = ["a,login,2025-01-01", "b,login,2025-03-31"]
    assert steps(rows_of(tables_of(tmp_path, events, customers)["retention"])) == [
        [0, 0, 0, 2, 0, 2],
        [2, 1, 1, 0, 0, 1],
        [1, 0, 1, 0, 0, 0],
    ]


def test_who_would_not_report_to_have_left_is_there_as_long_as_the_last_days_hold_an_event(tmp_path):
    events = ["c,login,2025-01-31 10:00", "c,login,2025-04-02 10:00", "d,login,2025-04-30 10:00"]
    with_28, with_29 = (
        rows_of(tables_of(tmp_path, events, seeds={"value_rules": [f"inactive_days,{days},"]})["retention"])
        for days in (28, 29)
    )
    assert steps(with_28) == [[0, 0, 0, 1, 0, 1], [1, 0, 1, 0, 0, 0], [0] * 6, [0, 0, 0, 1, 0, 1]]
    assert steps(with_29) == [[0, 0, 0, 1, 0, 1], [1, 1, 0, 0, 0, 1], [1, 0, 1, 0, 0, 0], [0, 0, 0, 1, 1, 2]]
    assert with_29["by_inactivity"].tolist() == [0, 1, 1, 0]
    assert with_29["retention_rate"].isna().tolist() == [True, False, False, True]


def test_a_trial_leaves_by_silence_unless_its_churn_was_reported_and_a_subscription_to_come_changes_nothing(tmp_path):
    customers = [
        "trial,2025-01-02,,2025-01-02,,,",
        "left,2025-01-02,,2025-01-02,,2025-06-15,",
        "later,2025-01-02,,2025-01-02,2025-12-01,,",
        "subscribed,2025-01-02,,2025-01-02,2025-06-30,,",
    ]
    events = [f"{row.split(',')[0]},login,2025-01-02" for row in customers]
    table = rows_of(tables_of(tmp_path, events, customers, as_of_date="2025-06-30")["retention"])
    # 60 days of silence are over on 2 March.
    assert table["customers_at_end"].tolist() == [4, 4, 2, 2, 2, 1]
    assert table["by_inactivity"].tolist() == [0, 2, 2, 0, 0, 0]


def test_who_was_in_a_segment_for_the_last_time_on_the_last_day_of_a_month_is_there_at_the_next_start(tmp_path):
    customers = ["c,2025-01-01,starter,,2025-01-01,,", "c,2025-02-01,basic,,2025-01-01,,"]
    table = tables_of(tmp_path, ["c,login,2025-01-01", "c,login,2025-02-10"], customers)["retention"]
    assert steps(rows_of(table, "plan", "starter")) == [[0, 0, 0, 1, 0, 1], [1, 1, 0, 0, 0, 0]]
    assert steps(rows_of(table, "plan", "basic")) == [[0, 0, 0, 0, 0, 1]]


def test_retention_has_the_published_interval_of_80_of_100():
    row = add_rate(pd.DataFrame({"retained": [80, 0], "start": [100, 0]}), "retained", "start")
    assert row.iloc[0, 2:].tolist() == pytest.approx([0.8, 0.711, 0.867], abs=0.0005)
    assert row.iloc[1, 2:].isna().all()


def test_a_cohort_has_every_month_up_to_now_by_activity_and_by_presence(tmp_path):
    customers = [f"{one},2025-01-02,,,2025-01-01,," for one in "ab"]
    events = ["a,login,2025-01-10", "b,login,2025-02-10", "c,login,2025-02-11", "a,login,2025-04-05"]
    table = tables_of(tmp_path, events, customers)["retention_cohorts"]
    cells = rows_of(table.sort_values("months_since"))
    cells = cells.sort_values(["basis", "cohort_month", "months_since"]).groupby(["basis", "cohort_month"])
    assert cells["months_since"].agg(list).tolist() == [[0, 1, 2, 3], [0, 1, 2]] * 2
    # c is not in the list of customers, and 60 days without an event are over on 12 April.
    assert cells["retained"].agg(list).tolist() == [[1, 1, 0, 1], [1, 0, 0], [2, 2, 2, 2], [1, 1, 1]]
    assert cells["customers"].agg(list).tolist() == [[2] * 4, [1] * 3] * 2
    assert table["is_complete"].eq(table["period_end"] < "2025-04-30").all()


def test_a_customer_came_by_what_happened_on_the_day_of_its_first_event(tmp_path):
    first, second = "2025-03-01 10:00", "2025-03-02 10:00"
    events = [
        *(f"a,invitation_accepted,{first}", f"a,login,{first},,social"),
        *(f"b,login,{first},,referral", f"b,login,{first},,social", f"b,login,{first},,social"),
        *(f"c,login,{first},,web", f"c,login,{second},,referral"),
        *(f"d,invitation_accepted,{second},,social", f"e,login,{first},,Social", f"f,login,{second},,social"),
    ]
    row = rows_of(tables_of(tmp_path, events)["awareness"]).iloc[0]
    names = ["came_by_invitation", "came_by_referral", "came_by_social", "invited_customers", "new_customers"]
    assert row[names].tolist() == [2, 1, 1, 4, 6]
    assert row["invited_share"] == 4 / 6
    # The invitation by a social channel is one interaction.
    assert row["social_interactions"] == 8


def test_a_role_of_a_type_and_a_channel_needs_both(tmp_path):
    events = [f"{one}2025-03-01" for one in ("a,share,", "b,login,", "c,share,", "d,mail,")]
    events = [f"{event},,{channel}" for event, channel in zip(events, ("web", "social", "social", ""), strict=True)]
    # The rows without a type stand for each other: that of `fax` takes the place of the project's.
    types = ["share,social,social,", "mail,,referral,", ",fax,social,"]
    row = rows_of(tables_of(tmp_path, events, seeds={"event_types": types})["awareness"]).iloc[0]
    assert row[["came_by_social", "came_by_referral", "social_interactions"]].tolist() == [1, 1, 2]


# --- Value -----------------------------------------------------------------------------------------------------------


def value_of(folder: Path, events: list[str], customers: list[str] = (), **options) -> pd.DataFrame:
    """The table `customer_value` by customer."""
    return tables_of(folder, events, customers, **options)["customer_value"].set_index("customer_id")


def test_the_cdnow_customers_have_the_frequency_recency_age_and_repeat_value_that_the_package_gives_them(cdnow):
    # Its summary ends on 30 September 1997, 17 years before; weeks are rounded to two places.
    found = compute_value(cdnow, settings={"as_of_date": "2014-09-30"})["customer_value"]
    found = found.set_index(found["customer_id"].astype(int)).sort_index()
    expected = pd.read_csv(CDNOW_DATA / "cdnow_customers_summary_with_transactions.csv", index_col="ID").sort_index()
    assert found.index.tolist() == expected.index.tolist()
    assert found["frequency"].tolist() == expected["x"].tolist()
    for days, weeks in (("repeat_span_days", "t_x"), ("age_days", "T")):
        np.testing.assert_allclose(found[days].astype(float) / 7, expected[weeks], rtol=0, atol=0.00501)
    assert (found["monetary_value"].isna() == (expected["x"] == 0)).all()
    np.testing.assert_allclose(found["monetary_value"].fillna(0), expected["zbar"], rtol=0, atol=0.00501)


def test_a_refund_lowers_revenue_however_its_sign_is_written(tmp_path):
    events = [
        *("c,purchase,2025-03-01,,,100", "c,purchase,2025-03-01,,,", "c,purchase,2025-03-05,,,20.5"),
        *("c,return,2025-03-06,,,-7", "c,return,2025-03-07,,,7", "c,return,2025-03-08,,,"),
    ]
    row = value_of(tmp_path, events).loc["c"]
    assert row[["purchases", "refunds", "purchase_days", "frequency"]].tolist() == [3, 3, 2, 1]
    assert row[["gross_revenue", "refunded", "revenue"]].tolist() == [Decimal("120.5"), 14, Decimal("106.5")]
    assert row[["recency_days", "age_days", "repeat_span_days", "monetary_value"]].tolist() == [3, 7, 4, 20.5]


def test_who_never_bought_has_no_recency_and_no_quintile(tmp_path):
    table = value_of(tmp_path, ["a,login,2025-03-01", "b,purchase,2025-03-01,,,5"])
    empty = ["recency_days", "age_days", "repeat_span_days", "first_purchase_date", "monetary_value", "rfm_segment"]
    assert table.loc["a", [*empty, "recency_quintile", "purchase_pattern"]].isna().all()
    assert table.loc["a", ["purchases", "revenue", "frequency", "purchase_days"]].tolist() == [0, 0, 0, 0]
    assert table.loc["b", "rfm_segment"] == "1-1-1"


@pytest.mark.parametrize(
    ("goodness", "expected"),
    [
        ([50, 10, 40, 30, 20], [5, 1, 4, 3, 2]),
        ([7, 7, 7], [1, 1, 1]),
        ([0, 0, 0, 0, 0, 0, 1, 2, 3, 4], [1, 1, 1, 1, 1, 1, 4, 4, 5, 5]),
        ([1, 1, 2, 2], [1, 1, 3, 3]),
        ([], []),
    ],
)
def test_equals_share_the_lowest_quintile_that_their_ranks_reach(goodness, expected):
    assert quintiles(np.array(goodness)).tolist() == expected


def test_the_best_quintile_is_of_who_bought_last_most_often_and_for_most(tmp_path):
    events = [
        f"c{number},purchase,2025-03-{day:02},,,{10 ** (6 - number)}"
        for number in range(1, 6)
        for day in range(11 - number, 11)
    ]
    # Number 5 bought on five days, for least; all bought on the tenth.
    table = value_of(tmp_path, [*events, "c6,purchase,2025-03-12,,,0.01"])
    assert table["rfm_segment"].tolist() == ["1-1-5", "1-2-4", "1-3-3", "1-4-2", "1-5-1", "5-1-1"]


def test_more_often_smaller_holds_the_last_90_days_against_the_90_before(tmp_path):
    # Today is 31 March; 1 January is the first of the last 90 days.
    before, last = ["2024-12-31", "2024-10-03"], ["2025-01-01", "2025-02-01", "2025-03-31"]
    bought = {
        "smaller": [*((day, 10) for day in before), *((day, 9.99) for day in last)],
        "equal": [(before[0], "0.1"), *((day, "0.1") for day in last)],
        "as_often": [*((day, 10) for day in before), *((day, 5) for day in last[:2])],
        "new": [(day, 5) for day in last],
        "too_long_ago": [("2024-10-02", 10), *((day, 5) for day in last)],
    }
    events = [f"{one},purchase,{day},,,{amount}" for one, own in bought.items() for day, amount in own]
    table = value_of(tmp_path, events)
    assert table["purchase_pattern"].dropna().to_dict() == {"smaller": "more_often_smaller"}
    names = ["recent_purchases", "previous_purchases", "recent_mean_amount", "previous_mean_amount"]
    assert table.loc["smaller", names].tolist() == [3, 2, 9.99, 10]
    assert table.loc["new", names[:2]].tolist() == [3, 0]


def test_lifetime_value_is_the_margin_of_a_month_times_the_published_2_67(tmp_path):
    # Eight of ten subscribers stayed in the one month that is over, and a month of waiting costs a tenth.
    seeds = {"value_rules": ["annual_discount_rate,2.138428,", "gross_margin,0.5,"]}
    churned = {8: "2025-01-15", 9: "2025-01-31"}
    customers = [f"c{one},2024-12-01,,,2024-12-01,{churned.get(one, '')},{[100, 0, ''][one % 3]}" for one in range(10)]
    events = [f"c{one},purchase,2025-01-{10 + one},,,60" for one in (0, 1, 2, 8)] + ["c3,return,2025-01-31,,,6"]
    table = value_of(tmp_path, events, customers, seeds=seeds)
    # Known for the 22 days of the data alone, hence a month: the first event is on the tenth.
    assert table.loc[["c0", "c3", "c4"], "margin_per_month"].tolist() == [30, -3, 0]
    clv = table["clv"].to_dict()
    assert [clv[one] for one in ("c0", "c3", "c4", "c8")] == pytest.approx([30 * 2.67, -3 * 2.67, 0, 0], abs=0.15)
    assert clv["c0"] == pytest.approx(30 * 0.8 / 0.3, abs=1e-5)
    per_dollar = table["clv_per_acquisition_dollar"]
    assert per_dollar["c0"] == pytest.approx(clv["c0"] / 100)
    # It cost nothing, or nobody knows what.
    assert per_dollar[["c1", "c2"]].isna().all()
    assert per_dollar["c9"] == 0


def test_margin_is_of_the_last_year_by_months_known_and_without_retention_there_is_no_lifetime_value(tmp_path):
    seeds = {"value_rules": ["gross_margin,1,"]}
    events = ["old,purchase,2024-03-30,,,5000", "old,purchase,2024-03-31,,,120", "old,purchase,2025-03-30,,,120"]
    events += ["young,purchase,2025-01-30,,,60", "young,purchase,2025-03-30,,,6"]
    table = value_of(tmp_path, events, seeds=seeds)
    # 365 days end with 30 March; the young one has been known for 60 of them.
    assert table["margin_per_month"].tolist() == pytest.approx([20, 66 / (60 / DAYS_OF_MONTH)])
    # Of the twelve complete months to February, `old` stayed in April and left in May, `young` stayed in February.
    discount = 1.1 ** (1 / 12) - 1
    retention = 2 / 3
    assert table.loc["old", "clv"] == pytest.approx(20 * retention / (1 + discount - retention))
    first_month = value_of(tmp_path, events[:2], seeds=seeds)
    assert first_month["clv"].isna().tolist() == [True]


def test_transaction_types_share_the_revenue_of_purchases_and_show_who_made_them(tmp_path):
    seeds = {"event_types": ["renewal,,purchase,", "purchase,,purchase,", "return,,refund,"]}
    events = [
        *("a,login,2025-01-01", "b,login,2025-01-01", "b,login,2025-03-31"),
        *("a,purchase,2025-03-01,,,70", "b,purchase,2025-03-02,,,20", "a,renewal,2025-03-03,,,10"),
        *("a,return,2025-03-04,,,-30", "new,purchase,2025-03-31,,,50", "a,renewal,2025-02-03,,,"),
    ]
    table = tables_of(tmp_path, events, seeds=seeds, as_of_date="2025-03-31")["transaction_types"]
    march = table[table["period_start"] == "2025-03-01"].set_index("event_type")
    assert march["role"].tolist() == ["purchase", "purchase", "refund"]
    assert march["revenue"].to_dict() == {"purchase": 140, "renewal": 10, "return": -30}
    assert march["revenue_share"].tolist() == pytest.approx([140 / 150, 10 / 150, -30 / 150])
    counts = march[["transactions", "customers", "scored_customers"]]
    assert counts.to_numpy().tolist() == [[3, 3, 2], [1, 1, 1], [1, 1, 1]]
    february = table[table["period_start"] == "2025-02-01"].iloc[0]
    assert (february["event_type"], february["revenue"]) == ("renewal", 0) and math.isnan(february["revenue_share"])


def test_each_edge_of_a_quadrant_belongs_to_the_better_side():
    scores = pd.Series([Decimal(50), Decimal(50), Decimal("49.999999"), Decimal("49.999999"), None, Decimal(90)])
    csats = pd.Series([75.0, 74.9, 75.0, 74.9, 90.0, np.nan])
    rules = {"engaged_from": Decimal(50), "satisfied_from": Decimal(75)}
    assert quadrants(scores, csats, rules).tolist() == [
        "engaged and satisfied",
        "engaged but dissatisfied",
        "satisfied but fading",
        "neither",
        "not known",
        "not known",
    ]
