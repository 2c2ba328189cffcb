"""Relative weights of NPS drivers: against published figures, statsmodels and Shapley values, and at their edges."""

import importlib.util
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from real_data import REPOSITORY

SPEC = importlib.util.spec_from_file_location(
    "int_driver_weights", REPOSITORY / "models" / "intermediate" / "int_driver_weights.py"
)
drivers = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(drivers)

# Motor Trend's 32 cars, as in R: miles per gallon, cylinders, displacement, horse power, weight.
CARS = """
21 6 160 110 2.62, 21 6 160 110 2.875, 22.8 4 108 93 2.32, 21.4 6 258 110 3.215, 18.7 8 360 175 3.44,
18.1 6 225 105 3.46, 14.3 8 360 245 3.57, 24.4 4 146.7 62 3.19, 22.8 4 140.8 95 3.15, 19.2 6 167.6 123 3.44,
17.8 6 167.6 123 3.44, 16.4 8 275.8 180 4.07, 17.3 8 275.8 180 3.73, 15.2 8 275.8 180 3.78, 10.4 8 472 205 5.25,
10.4 8 460 215 5.424, 14.7 8 440 230 5.345, 32.4 4 78.7 66 2.2, 30.4 4 75.7 52 1.615, 33.9 4 71.1 65 1.835,
21.5 4 120.1 97 2.465, 15.5 8 318 150 3.52, 15.2 8 304 150 3.435, 13.3 8 350 245 3.84, 19.2 8 400 175 3.845,
27.3 4 79 66 1.935, 26 4 120.3 91 2.14, 30.4 4 95.1 113 1.513, 15.8 8 351 264 3.17, 19.7 6 145 175 2.77,
15 8 301 335 3.57, 21.4 4 121 109 2.78
"""


def weigh(predictors: pd.DataFrame, outcome, customers=None, is_mention=False, min_answers=5) -> pd.DataFrame:
    """The computation, by driver; each row is an account of its own unless `customers` says otherwise."""
    customers = np.arange(len(predictors)) if customers is None else customers
    outcome = pd.Series(outcome, dtype=float)
    return drivers.weigh(predictors, outcome, np.asarray(customers), is_mention, min_answers).set_index("driver")


def survey(n: int, k: int, seed: int = 3, strength: float = 1.0) -> tuple[pd.DataFrame, np.ndarray]:
    """Correlated answers to `k` questions, and NPS points that they move."""
    generator = np.random.default_rng(seed)
    mood = generator.normal(size=(n, 1))
    answers = pd.DataFrame(
        np.clip(np.round(3 + mood + generator.normal(size=(n, k))), 1, 5), columns=list("abcdefgh")[:k]
    )
    opinion = strength * (answers * np.arange(1, k + 1)).sum(axis=1) / k + generator.normal(0, 2, n)
    return answers, 100.0 * (np.digitize(opinion, np.quantile(opinion, [0.3, 0.6])) - 1)


def r_squared(x: pd.DataFrame, y: np.ndarray) -> float:
    return sm.OLS(y, sm.add_constant(x)).fit().rsquared if len(x.columns) else 0.0


def shapley(x: pd.DataFrame, y: np.ndarray) -> list[float]:
    """What each driver adds to R², averaged over all orders in which drivers may enter (Lindeman, Merenda and Gold)."""
    k = len(x.columns)
    values = []
    for name in x:
        others = [other for other in x if other != name]
        values.append(
            sum(
                factorial(size) * factorial(k - 1 - size) / factorial(k)
                * (r_squared(x[[*subset, name]], y) - r_squared(x[list(subset)], y))
                for size in range(k)
                for subset in combinations(others, size)
            )
        )  # fmt: skip
    return values


def test_the_published_weights_of_the_r_package_rwa_come_out():
    cars = pd.DataFrame(
        [row.split() for row in CARS.split(",")], columns=["mpg", "cyl", "disp", "hp", "wt"], dtype=float
    )
    found = weigh(cars[["cyl", "disp", "hp", "wt"]], cars["mpg"])
    # https://martinctc.github.io/rwa/articles/regression-methods.html
    published = [0.2096904, 0.1883043, 0.1799590, 0.2706812]
    assert list(found["relative_weight"]) == pytest.approx(published, abs=5e-8)
    assert (found["correlation"] < 0).all()


def test_of_two_drivers_the_weights_are_shapley_values():
    answers, nps = survey(200, 2)
    assert list(weigh(answers, nps)["relative_weight"]) == pytest.approx(shapley(answers, nps), abs=2e-9)


def test_of_five_drivers_the_weights_sum_to_r_squared_and_lie_near_shapley_values():
    answers, nps = survey(400, 5)
    found = weigh(answers, nps)
    fit = sm.OLS((nps - nps.mean()) / nps.std(), (answers - answers.mean()) / answers.std(ddof=0)).fit()
    assert found["r_squared"].unique() == pytest.approx([fit.rsquared], abs=2e-9)
    assert found["relative_weight"].sum() == pytest.approx(fit.rsquared, abs=1e-8)
    assert list(found["standardised_coefficient"]) == pytest.approx(list(fit.params), abs=2e-9)
    expected = pd.Series(shapley(answers, nps), index=answers.columns)
    assert list(found["relative_weight"].rank()) == list(expected.rank())
    assert list(found["relative_weight"] / fit.rsquared) == pytest.approx(list(expected / fit.rsquared), abs=0.03)
    assert found["note"].isna().all()


def test_silence_is_not_imputed_and_a_correlation_has_its_own_n():
    answers, nps = survey(300, 3)
    answers.loc[:99, "a"] = np.nan
    answers.loc[50:149, "b"] = np.nan
    found = weigh(answers, nps)
    assert list(found["respondents"]) == [200, 200, 300]
    assert set(found["model_respondents"]) == {150}
    complete = answers.dropna()
    assert found["relative_weight"].sum() == pytest.approx(r_squared(complete, nps[complete.index]), abs=1e-8)
    assert found.loc["a", "correlation"] == pytest.approx(np.corrcoef(answers["a"][100:], nps[100:])[0, 1], abs=2e-9)


def test_a_question_that_fewer_than_ten_answered_takes_nobody_out_of_the_model():
    answers, nps = survey(150, 3)
    answers.loc[9:, "c"] = np.nan
    found = weigh(answers, nps)
    assert set(found["model_respondents"]) == {150}
    assert list(found["note"].fillna("")) == ["", "", "too_few_answers"]
    assert np.isnan(found.loc["c", "relative_weight"]) and not np.isnan(found.loc["c", "correlation"])
    answers.loc[9, "c"] = 3.0
    found = weigh(answers, nps)
    assert set(found["model_respondents"]) == {10}
    assert found["note"].isna().all()


def test_a_figure_of_fewer_than_min_answers_is_not_shown():
    answers, nps = survey(150, 2)
    answers.loc[29:, "b"] = np.nan
    found = weigh(answers, nps, min_answers=30)
    assert np.isnan(found.loc["b", "correlation"]) and found.loc["b", "respondents"] == 29
    assert found.loc["b", "note"] == "too_few_answers" and found.loc["a", "model_respondents"] == 150
    assert weigh(answers, nps, min_answers=29)["note"].isna().all()


def test_a_driver_that_never_varies_stays_out():
    answers, nps = survey(150, 2)
    found = weigh(answers.assign(c=4.0), nps)
    assert list(found["note"].fillna("")) == ["", "", "no_variation"]
    assert np.isnan(found.loc["c", ["correlation", "relative_weight"]].astype(float)).all()
    without = weigh(answers, nps)
    pd.testing.assert_frame_equal(found.loc[["a", "b"]], without)
    # One that varies among all, but not among those who answered everything.
    answers["c"] = [4.0] * 100 + [5.0] * 50
    answers.loc[100:, "b"] = np.nan
    found = weigh(answers, nps)
    assert list(found["note"].fillna("")) == ["", "", "no_variation"]
    assert set(found["model_respondents"]) == {100} and not np.isnan(found.loc["c", "correlation"])


def test_drivers_that_say_the_same_share_their_weight_and_have_no_coefficient():
    answers, nps = survey(200, 2)
    found = weigh(answers.assign(c=2 * answers["a"] + 1), nps)
    assert list(found["note"].fillna("")) == ["collinear", "", "collinear"]
    assert list(found["standardised_coefficient"].isna()) == [True, False, True]
    assert found.loc["a", "relative_weight"] == pytest.approx(found.loc["c", "relative_weight"], abs=1e-8)
    assert found["r_squared"].iloc[0] == pytest.approx(r_squared(answers, nps), abs=2e-9)
    assert found["relative_weight"].sum() == pytest.approx(found["r_squared"].iloc[0], abs=1e-8)
    alone = weigh(answers, nps)
    for column in ("standardised_coefficient", "r_squared_p_value"):
        assert found.loc["b", column] == pytest.approx(alone.loc["b", column], abs=2e-9)


def test_below_two_respondents_more_than_drivers_there_is_no_model():
    answers, nps = survey(10, 8)
    answers, nps = pd.concat([answers] * 2, ignore_index=True), np.tile(nps, 2)
    # Each driver has enough answers, but only nine respondents gave them all.
    answers.loc[9:13, list("abcd")] = np.nan
    answers.loc[14:, list("efgh")] = np.nan
    found = weigh(answers, nps)
    assert set(found["model_respondents"]) == {9}
    assert set(found["note"]) == {"too_few_in_model"}
    assert found[["r_squared", "relative_weight", "relative_weight_low"]].isna().all(axis=None)
    assert found["is_small_sample"].all() and found["correlation"].notna().all()


def test_where_nobody_answered_everything_there_is_no_model():
    answers, nps = survey(100, 2)
    answers.loc[:49, "a"] = np.nan
    answers.loc[50:, "b"] = np.nan
    found = weigh(answers, nps)
    assert set(found["note"]) == {"too_few_in_model"} and set(found["model_respondents"]) == {0}


def test_where_all_give_the_same_nps_there_is_nothing_to_explain():
    answers, _ = survey(150, 2)
    found = weigh(answers, np.full(150, 100.0))
    assert set(found["note"]) == {"nps_does_not_vary"}
    assert found[["correlation", "r_squared", "relative_weight"]].isna().all(axis=None)


def test_without_answers_every_driver_still_stands_there():
    columns = ["driver_kind", "driver", "customer_id", "respondent", "answer"]
    nothing = pd.DataFrame(columns=columns).astype({"answer": float})
    found = drivers.weigh(*drivers.sample_of(nothing, {"effort", "csat"}, False), 5)
    assert list(found["driver"]) == ["csat", "effort"]
    assert list(found["respondents"]) == [0, 0] and list(found["model_respondents"]) == [0, 0]
    assert set(found["note"]) == {"too_few_answers"} and found["is_small_sample"].all()
    assert drivers.weigh(*drivers.sample_of(nothing, set(), True), 5).empty


@pytest.mark.parametrize(("k", "enough"), [(2, 106), (5, 109), (8, 114)])
def test_a_sample_is_small_by_the_larger_of_green_s_two_rules(k, enough):
    answers, nps = survey(enough, k)
    assert not weigh(answers, nps)["is_small_sample"].any()
    assert weigh(answers[:-1], nps[:-1])["is_small_sample"].all()


def test_the_rows_may_come_in_any_order():
    answers, nps = survey(120, 3, strength=0.0)
    rows = answers.assign(
        nps=nps, customer_id=[f"c{i // 2}" for i in range(120)], respondent=[str(i) for i in range(120)]
    )
    rows = rows.melt(id_vars=["customer_id", "respondent"], var_name="driver", value_name="answer")
    rows["driver"] = rows["driver"].where(rows["driver"] != "nps", None)
    tables = [
        drivers.weigh(*drivers.sample_of(rows.sample(frac=1, random_state=seed), set("abc"), False), 5)
        for seed in (1, 2)
    ]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert list(tables[0]["model_customers"]) == [60, 60, 60]


def test_more_people_of_one_account_who_answer_alike_make_no_interval_narrower():
    answers, nps = survey(150, 3)
    once = weigh(answers, nps)
    twice = weigh(pd.concat([answers] * 2, ignore_index=True), np.tile(nps, 2), customers=np.tile(np.arange(150), 2))
    bounds = ["relative_weight_low", "relative_weight_high"]
    np.testing.assert_allclose(once[bounds], twice[bounds], atol=2e-9)
    assert (once["relative_weight_low"] < once["relative_weight"]).all()
    assert (once["relative_weight"] < once["relative_weight_high"]).all()
    accounts = weigh(answers, nps, customers=np.arange(150) % 9)
    assert accounts[bounds].isna().all(axis=None) and accounts["relative_weight"].notna().all()


def test_the_interval_is_that_of_a_bootstrap_written_out():
    answers, nps = survey(130, 3)
    found = weigh(answers, nps)
    generator = np.random.default_rng(77)
    weights = []
    for _ in range(1000):
        drawn = generator.integers(0, 130, 130)
        correlations = np.corrcoef(np.column_stack([answers, nps])[drawn].T)
        weights.append(drivers.relative_weights(correlations[:3, :3], correlations[:3, 3])[0])
    low, high = np.quantile(weights, [0.025, 0.975], axis=0)
    # Two draws of a thousand differ by chance: by a tenth of the interval at most.
    width = (high - low).max()
    np.testing.assert_allclose(found["relative_weight_low"], low, atol=0.1 * width)
    np.testing.assert_allclose(found["relative_weight_high"], high, atol=0.1 * width)


@pytest.mark.parametrize("strength", [0.0, 0.15, 1.0])
def test_the_p_value_is_near_that_of_the_f_test(strength):
    answers, nps = survey(200, 4, seed=5, strength=strength)
    expected = sm.OLS(nps, sm.add_constant(answers)).fit().f_pvalue
    assert weigh(answers, nps)["r_squared_p_value"].iloc[0] == pytest.approx(max(expected, 0.001), abs=0.05)


def test_without_python_the_other_models_stand_on_their_own(dbt):
    models = ["ls", "--resource-type", "model", "--output", "name"]
    left_out = set(dbt(*models)) - set(dbt(*models, "--vars", "python_models: false"))
    assert left_out == {
        *("int_driver_weights", "nps_drivers", "int_comment_sentiments", "formula_checks"),
        *("score_backtest", "score_calibration", "weight_proposals"),
        *(path.stem for path in REPOSITORY.glob("models/intermediate/int_backtest*") if path.suffix in (".sql", ".py")),
        "int_weight_proposals",
    }


def test_a_comment_without_a_theme_does_not_mention_it():
    rows = pd.DataFrame(
        [(None, f"c{i}", "", 100.0 if i < 60 else -100.0) for i in range(120)]
        + [("price", f"c{i}", "", 1.0) for i in range(55, 120, 2)]
        + [("support", f"c{i}", "", 1.0) for i in range(4)],
        columns=["driver", "customer_id", "respondent", "answer"],
    )
    found = drivers.weigh(*drivers.sample_of(rows, {"price", "support", "design"}, True), 5).set_index("driver")
    assert found["respondents"].to_dict() == {"design": 0, "price": 33, "support": 4}
    assert set(found["model_respondents"]) == {120}
    mentions = np.array([i >= 55 and i % 2 for i in range(120)], float)
    expected = np.corrcoef(mentions, [1] * 60 + [-1] * 60)[0, 1]
    assert found.loc["price", "correlation"] == pytest.approx(expected, abs=2e-9)
    assert found.loc["price", "relative_weight"] == pytest.approx(expected**2, abs=2e-9)
    assert found.loc[["design", "support"], "note"].tolist() == ["too_few_answers"] * 2
