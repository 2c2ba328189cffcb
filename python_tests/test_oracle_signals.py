"""The oracle gives hand-made cases of signals and backtest, so that it may judge the marts."""

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracle import backtest, compute, engagement, lay_basis, signals

FIXTURES = Path(__file__).resolve().parents[1] / "seeds" / "published"
RULE = ["signal", "rule", "lifecycle_stage", "measure", "comparison", "threshold", "full_at", "reason"]
OUTCOME = ["signal", "outcome", "within_days", "holdout_share", "acted_on_from", "reason"]
SILENT = ("churn_risk", "silent", "subscribed", "days_since_last_event", "at_least", "28", "84", "")


def seed(columns: list[str], *rows: tuple) -> pd.DataFrame:
    """A seed as the oracle reads it."""
    return pd.DataFrame(rows, columns=columns)


def judged(rules: list[tuple], **measures: list) -> pd.DataFrame:
    """What holds for customers c0, c1, ... on one day; measures not given are null."""
    people = [f"c{i}" for i in range(len(next(iter(measures.values()))))]
    table = pd.DataFrame({"customer_id": people, "score_date": pd.Timestamp("2025-06-29"), "lifecycle_stage": "trial"})
    table = table.assign(**dict.fromkeys(signals.MEASURES, np.nan)).assign(**measures)
    return signals.judge_lists(signals.load_rules(seed(RULE, *rules)), table)


def write(folder: Path, events: list[tuple], customers: list[tuple]) -> Path:
    """A raw folder; events are customer, type, day, day of loading."""
    lines = [f"e{i},{','.join(event)}" for i, event in enumerate(events)]
    header = "event_id,customer_id,event_type,occurred_at,loaded_at"
    (folder / "events.csv").write_text("\n".join([header, *lines]) + "\n")
    lines = [",".join(customer) for customer in customers]
    (folder / "customers.csv").write_text("\n".join(["customer_id,subscribed_at,churned_at", *lines]) + "\n")
    return folder


def loaded_at_once(customer_id: str, *days: str) -> list[tuple]:
    """Logins, each loaded on its own day."""
    return [(customer_id, "login", day, day) for day in days]


# --- Signals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "threshold", "full_at", "strength"),
    [
        (50, 50, 90, "0"),
        (70, 50, 90, "50"),
        (95, 50, 90, "100"),
        (3, 6, 0, "50"),
        (-1, 6, 0, "100"),
        (7, 5, None, "100"),
        (5, 5, 5, "100"),
        (Decimal("62.345679"), 50, 90, "30.864198"),
    ],
)
def test_strength_lies_between_threshold_and_full_at_in_either_direction(value, threshold, full_at, strength):
    full_at = None if full_at is None else Fraction(full_at)
    assert signals.strength_of(value, Fraction(threshold), full_at) == Decimal(strength) * 10**6


def test_a_rule_is_as_strong_as_its_weakest_condition_and_fails_with_any():
    rules = [
        ("upsell", "a", "", "engagement_score", "at_least", "50", "90", ""),
        ("upsell", "a", "", "active_users", "at_most", "5", "1", ""),
    ]
    held = judged(rules, engagement_score=[60.0, 80.0, 49.0, None, 80.0], active_users=[1, 4, 1, 1, 6])
    assert held[["customer_id", "strength"]].values.tolist() == [["c0", 25 * 10**6], ["c1", 25 * 10**6]]


def test_a_signal_is_its_strongest_rule_and_of_equals_the_first_by_name():
    rules = [
        ("upsell", "b", "", "purchases", "at_least", "2", "6", ""),
        ("upsell", "a", "", "active_users", "at_least", "2", "6", ""),
    ]
    held = judged(rules, purchases=[4, 5, 1, 2], active_users=[4, 3, 3, 1])
    assert held["strength"].tolist() == [50 * 10**6, 75 * 10**6, 25 * 10**6, 0]
    assert held["rule"].tolist() == ["a", "b", "a", "b"]
    assert held["rules_held"].tolist() == [2, 2, 1, 1]


def test_a_rule_of_a_stage_holds_on_days_in_it_and_one_of_none_on_all_but_the_day_of_leaving():
    rules = [
        ("x", "any", "", "purchases", "at_least", "0", "", ""),
        ("y", "left", "churned", "purchases", "at_least", "0", "", ""),
    ]
    stages = ["trial", "subscribed", "churned", "unknown"]
    held = judged(rules, purchases=[0] * 4, lifecycle_stage=stages)
    assert held[["signal", "customer_id"]].values.tolist() == [["x", "c0"], ["x", "c1"], ["x", "c3"], ["y", "c2"]]


def test_the_stage_of_a_day_is_that_of_the_days_that_had_come():
    moments = {"trial_started_at": "2025-03-01", "subscribed_at": "2025-03-08", "churn_day": "2025-03-15"}
    dim = pd.DataFrame({name: pd.to_datetime([moment]).as_unit("us") for name, moment in moments.items()})
    days = pd.date_range("2025-02-27", "2025-03-15", freq="2D", unit="us")
    found = signals.stages(pd.DataFrame({"customer_id": "c", "score_date": days}), dim.assign(customer_id="c"), "UTC")
    assert found["lifecycle_stage"].tolist() == ["unknown"] + ["trial"] * 4 + ["subscribed"] * 3 + ["churned"]
    assert found["trial_days"].dropna().tolist() == [0, 2, 4, 6]


def test_measures_are_of_the_window_that_ends_on_the_list_date(tmp_path):
    kinds = {"2025-04-30": "old", "2025-05-01": "none", "2025-05-02": "some", "2025-05-26": "visit"}
    events = [("c", kind, day, day) for day, kind in {**kinds, "2025-05-27": "some", "2025-05-28": "buy"}.items()]
    raw = write(tmp_path, [*events, ("c", "visit", "2025-05-28", "2025-05-28"), *loaded_at_once("d", "2025-01-01")], [])
    columns = ["event_type", "weight", "valid_from", "valid_to", "reason"]
    weights = [("old", "1", "", "", ""), ("none", "0", "", "", ""), ("visit", "2", "2025-05-27", "", "")]
    own = {
        "event_weights": seed(columns, *weights, ("some", "1", "", "2025-05-02", "")),
        "contact_channels": seed(["event_type", "channel", "ease", "wait_limit_seconds"], ("visit", "shop", "1", "")),
        "event_types": seed(["event_type", "channel", "role", "reason"], ("buy", "", "purchase", "")),
    }
    basis = lay_basis(raw, own, None)
    panel = basis.panel()
    scores = engagement.scores_table(panel)
    measures = signals.gather_measures(panel, basis.evidence, basis.dim, scores, basis.seeds, "UTC")
    row = measures[(measures["customer_id"] == "c") & (measures["score_date"] == "2025-05-28")].squeeze()
    # 1 May to 28 May: none, some (weighted on 2 May), visit (on 28 May), some, buy, and the first visit.
    assert row[["event_count", "feature_breadth", "support_contacts", "purchases"]].tolist() == [6, 2, 2, 1]
    assert (row["support_share"], row["days_since_last_event"]) == (2 / 6, 0)
    # The account itself is the one user, as it was on 30 April.
    assert (row["active_users"], row["active_users_change"]) == (1, 0)


def test_the_last_answers_are_those_of_one_day_less_than_a_year_ago():
    given = [("c", "2025-01-01", 2), ("c", "2025-05-01", 7), ("c", "2025-05-01", 10), ("d", "2024-05-04", 9)]
    answers = pd.DataFrame(given, columns=["customer_id", "day", "score"])
    answers["day"] = pd.to_datetime(answers["day"]).dt.as_unit("us")
    days = pd.to_datetime(["2024-12-29", "2025-04-27", "2025-05-04", "2025-05-03"]).as_unit("us")
    table = pd.DataFrame({"customer_id": ["c", "c", "c", "d"], "score_date": days})
    assert signals.last_means(table, answers).fillna(-1).tolist() == [-1, 2, 8.5, 9]
    late = table.assign(score_date=table["score_date"].replace(days[3], days[2]))
    assert signals.last_means(late, answers).fillna(-1).tolist() == [-1, 2, 8.5, -1]


def test_list_dates_are_today_and_the_sundays_of_half_a_year():
    days = signals.list_dates(pd.Timestamp("2025-07-02"), pd.Timestamp("2024-01-01"))
    assert (len(days), str(days[0].date()), str(days[-2].date()), str(days[-1].date())) == (
        27,
        "2025-01-05",
        "2025-06-29",
        "2025-07-02",
    )
    days = signals.list_dates(pd.Timestamp("2025-06-29"), pd.Timestamp("2024-01-01"))
    assert (len(days), str(days[0].date())) == (26, "2025-01-05")
    # Before the first event nobody can be judged.
    days = signals.list_dates(pd.Timestamp("2025-06-29"), pd.Timestamp("2025-06-16"))
    assert [str(day.date()) for day in days] == ["2025-06-22", "2025-06-29"]


def test_a_gap_in_the_list_dates_ends_a_run():
    days = signals.list_dates(pd.Timestamp("2025-07-02"), pd.Timestamp("2024-01-01"))
    rows = [(day, "c", "upsell", i, f"rule {i}", 1) for i, day in enumerate(days) if i in (0, 1, 24, 25, 26)]
    rows += [(days[2], "d", "upsell", 7, "rule", 1), (days[3], "d", "advocate", 7, "rule", 1)]
    held = pd.DataFrame(rows, columns=["score_date", "customer_id", "signal", "strength", "rule", "rules_held"])
    spells = signals.find_spells(held, days, {})
    whose = ["customer_id", "signal", "from_date", "to_date"]
    assert spells[whose].values.tolist() == [
        ["c", "upsell", days[0], days[1]],
        ["c", "upsell", days[24], days[26]],
        ["d", "advocate", days[3], days[3]],
        ["d", "upsell", days[2], days[2]],
    ]
    assert spells["is_current"].tolist() == [False, True, False, False]
    assert spells["peak_strength"].tolist()[:2] == [Decimal("0.000001"), Decimal("0.000026")]
    assert spells["first_rule"].tolist()[:2] == ["rule 0", "rule 24"]


@pytest.mark.parametrize(
    ("customer_id", "signal", "bucket"),
    # The remainders of cc24383d, 06bf9418 and 91a86d4e, the first eight digits that `md5sum` prints.
    [("cust-0001", "churn_risk", 925757), ("a", "advocate", 218584), ("müller", "churn_risk", 734350)],
)
def test_whoever_computes_it_the_same_customers_are_held_out(customer_id, signal, bucket):
    for share, held_out in ((bucket, False), (bucket + 1, True)):
        outcome = signals.Outcome(signal, "churned", 30, Fraction(share, 10**6), pd.Timestamp.min)
        assert signals.is_held_out(customer_id, outcome) == held_out
    assert not signals.is_held_out(customer_id, None)


def test_a_customer_that_falls_silent_is_listed_since_the_first_sunday_of_its_run(tmp_path):
    often = loaded_at_once("busy", *(f"{day:%Y-%m-%d}" for day in pd.date_range("2024-12-01", "2025-07-02", freq="7D")))
    events = often + loaded_at_once("quiet", "2025-04-01") + loaded_at_once("busy", "2025-07-02")
    raw = write(tmp_path, events, [("busy", "2024-12-01", ""), ("quiet", "2025-04-01", "")])
    outcomes = seed(OUTCOME, ("churn_risk", "churned", "30", "0", "", ""))
    tables = compute(raw, {"signal_rules": seed(RULE, SILENT), "signal_outcomes": outcomes})

    row = tables["customer_signals"].squeeze()
    assert (row["customer_id"], row["rule"], row["rules_held"]) == ("quiet", "silent", 1)
    # 1 April and 28 days is Tuesday, 29 April; on 2 July the silence has lasted 92 days.
    assert (row["since_date"], row["is_since_first_list"]) == (pd.Timestamp("2025-05-04"), False)
    assert (row["days_since_last_event"], row["strength"]) == (92, 100)
    wide = tables["customer_scores"].set_index("customer_id")
    assert wide["churn_risk_strength"].to_dict() == {"busy": None, "quiet": 100}
    assert wide.loc["quiet", "churn_risk_since"] == pd.Timestamp("2025-05-04")
    assert wide["upsell_strength"].isna().all()

    listed, held_out = (tables["signal_results"].set_index("listed_group").loc[group] for group in signals.GROUPS)
    assert (listed["spells"], listed["happened"], listed["outcome_rate"]) == (1, 0, 0)
    assert held_out["spells"] == 0
    assert math.isnan(held_out["outcome_rate"])
    assert math.isnan(listed["difference"])


def test_an_outcome_comes_after_the_first_day_of_a_spell_and_within_its_days():
    days = {"c0": "2025-03-02", "c1": "2025-03-03", "c2": "2025-04-01", "c3": "2025-04-02"}
    came = pd.DataFrame({"customer_id": days, "day": pd.to_datetime(pd.Series(days))}).assign(customer_id=list(days))
    spells = pd.DataFrame({"customer_id": [*days, "c4"], "from_date": pd.Timestamp("2025-03-02")})
    dim = came.rename(columns={"day": "churn_day"}).assign(subscribed_day=came["day"])
    for outcome in ("churned", "subscribed", "purchased"):
        happened = signals.happened(spells, pd.Timedelta(days=30), outcome, dim, came, None)
        assert happened.tolist() == [False, True, True, False, False]


def test_engagement_rose_where_the_later_score_is_known_and_greater():
    first, last = pd.Timestamp("2025-03-02"), pd.Timestamp("2025-04-01")
    known = {"c0": (10, 11), "c1": (10, 10), "c2": (10, None), "c3": (None, 10)}
    rows = [(one, day, score) for one, pair in known.items() for day, score in zip((first, last), pair, strict=True)]
    scores = pd.DataFrame(rows, columns=["customer_id", "score_date", "engagement_score"])
    spells = pd.DataFrame({"customer_id": [*known, "c4"], "from_date": first})
    happened = signals.happened(spells, last - first, "engagement_rose", None, None, scores)
    assert happened.tolist() == [True, False, False, False, False]


def test_without_events_there_is_no_signal_and_nobody_to_judge(tmp_path):
    (tmp_path / "survey_answers.csv").write_text(
        "answer_id,customer_id,question,sent_at,answered_at,score\na,c,nps,2025-05-01,2025-05-02,9\n"
    )
    tables = compute(tmp_path)
    for name in ("customer_signals", "signal_history", "score_calibration"):
        assert tables[name].empty
    assert tables["score_backtest"]["customers"].tolist() == [0] * 6
    assert (tables["signal_results"]["spells"] == 0).all()
    assert len(tables["signal_results"]) == 10


# --- Backtest --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row", list(pd.read_csv(FIXTURES / "fixture_calibration.csv").itertuples()), ids=lambda row: row.metric
)
def test_auc_and_brier_are_as_published(row):
    truth, prediction = (np.array(text.split(), float) for text in (row.truth, row.prediction))
    found = {"brier": backtest.brier(prediction, truth), "auc": backtest.place(prediction, truth > 0).auc()}
    assert found[row.metric] == pytest.approx(row.expected, abs=float(row.tolerance))


def test_error_of_auc_is_that_of_the_placements():
    churned = np.array([False, False, True, True])
    one = backtest.place(np.array([0.1, 0.4, 0.35, 0.8]), churned)
    # Those who churned are placed at 1/2 and 1, the others at 1 and 1/2: variance 1/8 each, of two each.
    assert [own.tolist() for own in one] == [[0.5, 1], [1, 0.5]]
    assert one.error() == pytest.approx(math.sqrt(1 / 8), abs=1e-15)
    tied = backtest.place(np.array([1.0, 0.0, 1.0, 1.0]), churned)
    assert [own.tolist() for own in tied] == [[0.75, 0.75], [0.5, 1]]
    gain = one.minus(tied)
    assert gain.auc() == 0
    # Differences -1/4 and 1/4 (variance 1/8), 1/2 and -1/2 (variance 1/2).
    assert gain.error() == pytest.approx(math.sqrt(1 / 16 + 1 / 4), abs=1e-15)


def test_those_of_one_risk_count_in_the_greatest_tenth_as_any_order_of_them_would():
    churned = np.array([False, True, True] + [False] * 8)
    risk = np.array([3.0, 3.0, 3.0] + [1.0] * 8)
    assert backtest.lift(risk, churned) == pytest.approx((2 / 3) / (2 / 11))
    # A tenth of 15 is one customer and half of the next.
    risk = np.arange(15.0)
    assert backtest.lift(risk, risk == 13) == pytest.approx((0.5 / 1.5) / (1 / 15))


def test_tenths_go_from_the_least_likely_and_equals_share_the_lowest():
    people = pd.DataFrame({"churned": [True] + [False] * 19})
    table = backtest.calibration(people, np.array([0.5] * 10 + [0.1] * 9 + [0.9]))
    assert table["decile"].tolist() == [1, 5, 10]
    assert table["customers"].tolist() == [9, 10, 1]
    assert table["churned"].tolist() == [0, 1, 0]
    few = backtest.calibration(people[:3], np.array([0.1, 0.2, 0.3]))
    assert few["decile"].tolist() == [1, 4, 7]


def test_probabilities_of_two_kinds_of_customers_are_their_rates():
    measure, churned = np.repeat([0.0, 3.0], 40), np.tile([True] + [False] * 3, 20)
    churned[40:] = np.tile([True, True, True, False], 10)
    model = backtest.learn(measure, churned)
    assert model.predict_proba([[0.0], [3.0]])[:, 1] == pytest.approx([1 / 4, 3 / 4], abs=1e-9)
    model = backtest.learn(np.ones(80), churned)
    assert model.predict_proba([[0.0], [3.0]])[:, 1] == pytest.approx([1 / 2, 1 / 2], abs=1e-9)


def test_nothing_is_learned_from_few_or_from_those_who_do_not_overlap():
    churned = np.repeat([False, True], [50, 10])
    measure = np.where(churned, 5.0, np.arange(60) % 6)
    assert backtest.learn(measure, churned) is None
    assert backtest.learn(measure + 4 * churned * (np.arange(60) % 2), churned) is None
    assert backtest.learn(np.where(churned, 4.0, np.arange(60) % 6), churned) is not None
    churned[-1] = False
    assert backtest.learn(np.where(churned, 4.0, np.arange(60) % 6), churned) is None


def test_a_cutoff_knows_what_had_been_loaded_and_asks_who_leaves_after_it(tmp_path):
    early = {name: loaded_at_once(name, "2025-01-01", "2025-03-02") for name in ("stays", "leaves", "left", "inferred")}
    events = [event for own in early.values() for event in own]
    events += [
        *loaded_at_once("young", "2025-03-04"),
        ("late", "login", "2025-01-01", "2025-04-01"),
        # Known on the cutoff is the older one alone.
        ("stays", "login", "2025-03-20", "2025-03-31"),
        ("stays", "login", "2025-03-30", "2025-04-01"),
        *loaded_at_once("later", "2025-01-01", "2025-04-30"),
    ]
    churned = {"leaves": "2025-04-30", "left": "2025-03-31", "later": "2025-05-01"}
    people = [(name, "2025-01-01", churned.get(name, "")) for name in ("stays", "leaves", "left", "young", "later")]
    raw = write(tmp_path, events, [*people, ("late", "", "")])
    basis = lay_basis(raw, None, {"as_of_date": "2025-06-30", "score_half_life_days": 11})
    found = backtest.known_customers(basis.panel(), basis.dim, pd.Timestamp("2025-03-31"), 30)
    assert found["customer_id"].tolist() == ["later", "leaves", "stays", "young"]
    assert found["churned"].tolist() == [False, True, False, False]
    assert found["days_since_last_event"].tolist() == [89, 29, 11, 27]
    # A login weighs 1 and has lost half after 11 days; 27 days are the last of the window of 28.
    assert found["points"].tolist() == pytest.approx([0, 0, 0.5, 0.5 ** (27 / 11)], abs=1e-6)
