"""Backtest: what was known then said about who would leave, and what each probability came to."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.base import ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from .engagement import SCALED, Panel, line_points
from .raw import DAY
from .surveys import CONFIDENCE, difference_p_value, over, segment_on_day, wilson_interval

HORIZONS = [30, 60, 90]
FEWEST = 10
PLACES = 9
TOO_FEW = "too_few_outcomes"
NO_LESSON = "too_few_to_learn"
Z = stats.norm.ppf((1 + CONFIDENCE) / 2)
SEGMENT = ["segment_dimension", "segment_value"]
BASE = "recency"
PROBABILITY = ["brier", "base_brier"]
GAIN = ["auc_gain", "auc_gain_low", "auc_gain_high", "auc_gain_p_value"]
FIGURES = ["auc", "auc_low", "auc_high", *GAIN, *PROBABILITY, "top_decile_lift"]
BACKTEST = [
    *("horizon_days", "predictor", *SEGMENT, "cutoff_date", "customers", "churned", "churn_rate"),
    *FIGURES,
    "note",
]
CALIBRATION = [
    "horizon_days",
    "predictor",
    "decile",
    "customers",
    "mean_predicted",
    "churned",
    "churn_rate",
    "churn_rate_low",
    "churn_rate_high",
]


class Placements(NamedTuple):
    """How each of two groups is placed against the other: the shares of pairs in the right order, ties as half."""

    of_churned: np.ndarray
    of_others: np.ndarray

    def auc(self) -> float:
        """How often one who churned was ranked above one who did not."""
        return self.of_churned.mean()

    def error(self) -> float:
        """DeLong's standard error of the mean of both; of a difference of placements, that of the difference."""
        return np.sqrt(sum(values.var(ddof=1) / len(values) for values in self))

    def minus(self, other: "Placements") -> "Placements":
        """The differences, person by person."""
        return Placements(*(own - others for own, others in zip(self, other, strict=True)))


def place(risk: np.ndarray, churned: np.ndarray) -> Placements:
    """Placements by a risk; both groups have somebody."""
    right = (np.sign(risk[churned][:, None] - risk[~churned]) + 1) / 2
    return Placements(right.mean(axis=1), right.mean(axis=0))


def brier(predicted: np.ndarray, churned: np.ndarray) -> float:
    """Mean squared error of probabilities."""
    return np.square(predicted - churned).mean()


def known_customers(panel: Panel, dim: pd.DataFrame, cutoff: pd.Timestamp, horizon: int) -> pd.DataFrame:
    """The customers of a cutoff, by id: points, days_since_last_event, churned (within the horizon after it)."""
    today = (cutoff - panel.origin) // DAY
    lines = panel.lines[(panel.lines["at"] <= today) & (panel.lines["loaded"] <= today)]
    days = lines.groupby("customer")["at"].agg(["min", "max"])
    people = dim.iloc[days.index].set_axis(days.index)
    is_there = ~(people["churn_day"] <= cutoff) & ~people["is_inferred"].astype(bool)
    days = days[is_there & (today - days["min"] + 1 >= panel.window)]

    inside = lines[lines["at"] > today - panel.window]
    count = panel.factors[today - inside["at"].to_numpy()] * inside["count"].to_numpy()
    points = np.zeros(len(dim), np.int64)
    np.add.at(points, inside["customer"], line_points(inside["weight"].to_numpy(), count))
    churn_day = people.loc[days.index, "churn_day"]
    found = pd.DataFrame(
        {
            "customer_id": panel.customers[days.index],
            "points": points[days.index] / SCALED,
            "days_since_last_event": (today - days["max"]).to_numpy(float),
            "churned": ((churn_day > cutoff) & (churn_day <= cutoff + horizon * DAY)).to_numpy(),
        }
    )
    return found.astype({"customer_id": object}).sort_values("customer_id", ignore_index=True)


def risks(people: pd.DataFrame) -> dict[str, np.ndarray]:
    """The greater, the sooner somebody is thought to leave."""
    return {"engagement": -people["points"].to_numpy(), BASE: people["days_since_last_event"].to_numpy()}


def transformed(people: pd.DataFrame) -> dict[str, np.ndarray]:
    """What a probability is made of; points below 0, which negative weights make, say no more than none."""
    return {
        "engagement": np.log1p(people["points"].clip(lower=0).to_numpy()),
        BASE: np.log1p(people["days_since_last_event"].to_numpy()),
    }


def is_enough(churned: np.ndarray) -> bool:
    """Whether figures may be made of these customers."""
    return min(churned.sum(), (~churned).sum()) >= FEWEST


def learn(measure: np.ndarray, churned: np.ndarray) -> ClassifierMixin | None:
    """Logistic regression on one measure; None where too few have churned or stayed, or a curve would be a step."""
    if not is_enough(churned):
        return None
    if np.ptp(measure) == 0:
        # A measure that never varies has no slope, only the rate.
        return DummyClassifier(strategy="prior").fit(measure[:, None], churned)
    left, stayed = measure[churned], measure[~churned]
    # Without overlap no curve is the likeliest: each steeper one is likelier.
    if left.min() >= stayed.max() or stayed.min() >= left.max():
        return None
    return LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(
        measure[:, None], churned
    )


def lift(risk: np.ndarray, churned: np.ndarray) -> float:
    """Churn rate of the tenth most at risk over that of all; those of one risk count as any order of them would."""
    expected = pd.Series(churned.astype(float)).groupby(-risk).transform("mean").to_numpy()
    found = np.append(0, np.cumsum(expected[np.argsort(-risk, kind="stable")]))
    size = len(risk) / 10
    return np.interp(size, np.arange(len(found)), found) / size / churned.mean()


def figures(people: pd.DataFrame, predicted: dict[str, np.ndarray | None], base_rate: float) -> list[dict]:
    """One row for each predictor of the customers of a segment, without its key."""
    churned = people["churned"].to_numpy(bool)
    rows = [
        {
            "predictor": name,
            "customers": len(people),
            "churned": churned.sum(),
            "churn_rate": churned.mean() if len(people) else np.nan,
            "note": TOO_FEW,
        }
        for name in predicted
    ]
    if not is_enough(churned):
        return rows
    placed = {name: place(risk, churned) for name, risk in risks(people).items()}
    for row, (name, risk) in zip(rows, risks(people).items(), strict=True):
        own, reach = placed[name], Z * placed[name].error()
        row["note"] = None
        row["auc"], row["auc_low"], row["auc_high"] = own.auc(), *np.clip([own.auc() - reach, own.auc() + reach], 0, 1)
        row["top_decile_lift"] = lift(risk, churned)
        if name != BASE:
            gain = own.minus(placed[BASE])
            reach = Z * gain.error()
            p_value = difference_p_value(gain.auc(), gain.error())
            row |= dict(zip(GAIN, [gain.auc(), gain.auc() - reach, gain.auc() + reach, p_value], strict=True))
        if predicted[name] is None:
            row["note"] = NO_LESSON
        else:
            row["brier"], row["base_brier"] = brier(predicted[name][people.index], churned), brier(base_rate, churned)
    return rows


def calibration(people: pd.DataFrame, predicted: np.ndarray) -> pd.DataFrame:
    """Tenths of the customers by probability, the least likely first; equals stand where the first of them stands."""
    before = stats.rankdata(predicted, method="min").astype(int) - 1
    own = people.assign(predicted=predicted, decile=1 + 10 * before // len(people))
    table = own.groupby("decile").agg(
        customers=("churned", "size"), mean_predicted=("predicted", "mean"), churned=("churned", "sum")
    )
    table["churn_rate"] = over(table["churned"], table["customers"])
    table["churn_rate_low"], table["churn_rate_high"] = wilson_interval(table["churned"], table["customers"])
    return table.reset_index()


def build_backtest(
    panel: Panel, dim: pd.DataFrame, segments: pd.DataFrame, as_of: pd.Timestamp
) -> dict[str, pd.DataFrame]:
    """The tables `score_backtest` and `score_calibration`."""
    rows, tenths = [], [pd.DataFrame(columns=CALIBRATION)]
    for horizon in HORIZONS:
        cutoff = as_of - horizon * DAY
        train, test = (known_customers(panel, dim, day, horizon) for day in (cutoff - horizon * DAY, cutoff))
        lessons, asked = transformed(train), transformed(test)
        predicted = {}
        for name in lessons:
            model = learn(lessons[name], train["churned"].to_numpy(bool))
            has_answer = model is not None and len(test)
            predicted[name] = model.predict_proba(asked[name][:, None])[:, 1].round(PLACES) if has_answer else None
            if has_answer:
                tenths.append(calibration(test, predicted[name]).assign(horizon_days=horizon, predictor=name))
        placed = segment_on_day(test.assign(day=cutoff, person=test.index), segments)
        groups = {key: own.set_index("person").sort_index() for key, own in placed.groupby(SEGMENT)}
        for (dimension, value), people in {("all", "all"): test, **groups}.items():
            key = {
                "horizon_days": horizon,
                "segment_dimension": dimension,
                "segment_value": value,
                "cutoff_date": cutoff,
            }
            rows += [key | row for row in figures(people, predicted, round(train["churned"].mean(), PLACES))]
    backtest = pd.DataFrame(rows, columns=BACKTEST)
    backtest[FIGURES] = backtest[FIGURES].astype(float).round(PLACES)
    backtest["churn_rate"] = backtest["churn_rate"].astype(float)
    calibrated = pd.concat(tenths[1:] or tenths, ignore_index=True)[CALIBRATION]
    calibrated = calibrated.round(
        dict.fromkeys(["mean_predicted", "churn_rate", "churn_rate_low", "churn_rate_high"], PLACES)
    )
    return {"score_backtest": backtest, "score_calibration": calibrated}
