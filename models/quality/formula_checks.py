"""One row per figure that pandas computed again from staging, beside the figure of the SQL marts.

The second route begins at the judged rows and shares nothing else with the SQL but the seeds, the as-of date and who is
a customer. It covers at most SAMPLE customers, chosen by the hash of their id: its cost does not grow with the company.
"""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd

SAMPLE = 1000
MILLIONTH = Decimal("0.000001")
BILLIONTH = Decimal("0.000000001")


def model(dbt, session):
    """Compares points and survey scores of the sample, and the published NPS figures."""
    dbt.config(materialized="table")
    zone = dbt.config.meta_get("reporting_timezone")
    window = int(dbt.config.meta_get("score_window_days"))
    half_life = dbt.config.meta_get("score_half_life_days")
    today = dbt.ref("int_as_of").df()["as_of_date"][0]
    weights = dbt.ref("event_weights").df()
    catalogue = dbt.ref("survey_questions").df().merge(dbt.ref("survey_metrics").df(), on="metric")
    scores = dbt.ref("fct_engagement_scores").filter("score_date = as_of_date")
    survey_scores = dbt.ref("customer_survey_scores")

    sample = dbt.ref("int_customers").order("md5(customer_id), customer_id").limit(SAMPLE).project("customer_id")
    # Only the window's events are read, and a day more on either side for the zone: that reads a fraction of the files.
    recent = f"""
        occurred_at between timestamp '{today}' - interval {window + 1} day and timestamp '{today}' + interval 2 day
    """
    set_aside = dbt.ref("int_events_set_aside").project("row_number")
    accepted = dbt.ref("stg_events").filter(recent).join(set_aside, "row_number", how="anti")
    events = _of(sample, accepted, "event_type, occurred_at, load_date")
    answers = _of(
        sample,
        dbt.ref("stg_survey_answers").filter("verdict = 'accepted' and score is not null"),
        "answer_id, respondent_id, question, score, answered_at",
    )
    # Whoever is there today must have a row today: one that SQL lacks is a difference.
    present = dbt.ref("int_customers").filter(
        "observed_from <= as_of_date and (churned_date is null or churned_date = as_of_date)"
    )
    present = _of(sample, present, "as_of_date")["customer_id"]
    points_in_sql = _of(sample, scores, "points").set_index("customer_id")["points"]
    points = _points(events, weights, today, zone, window, half_life).reindex(present).fillna(Decimal(0))
    surveys_in_sql = _of(sample, survey_scores, "metric, score").set_index(["customer_id", "metric"])["score"].dropna()

    published = dbt.ref("fixture_nps").df().dropna(subset="answers").set_index("answers")["nps"]
    again = pd.Series({text: _net_share(pd.Series(text.split(), dtype=float)) for text in published.index}, dtype=float)
    compared = [
        _compare("engagement points", points_in_sql, points, 0.0),
        _compare("survey score", surveys_in_sql, _survey_scores(answers, catalogue, today, zone), 1e-9),
        _compare("published nps", published, again, 0.01),
    ]
    return pd.concat(compared, ignore_index=True)


def _of(sample, relation, columns):
    """The rows of the sample's customers: customer_id and the columns named, as a data frame."""
    return relation.set_alias("r").join(sample.set_alias("s"), "customer_id").project(f"customer_id, {columns}").df()


def _local_days(times, zone):
    return times.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()


def _points(events, weights, today, zone, window, half_life):
    """Points by customer on `today`, exact: each ledger line's count times its weight and factor, to six places."""
    days = _local_days(events["occurred_at"], zone)
    age = (pd.Timestamp(today) - days).dt.days
    lines = events.assign(day=days, age=age)[age.between(0, window - 1)]
    line = ["customer_id", "event_type", "day", "age", "load_date"]
    lines = lines.groupby(line).size().rename("events").reset_index()
    lines = lines.merge(weights, on="event_type")
    begins, ends = (pd.to_datetime(lines[end]) for end in ("valid_from", "valid_to"))
    lines = lines[~(lines["day"] < begins) & ~(lines["day"] > ends)]
    factors = {age: _factor(age, half_life) for age in range(window)}
    worth = [
        (Decimal(str(weight)) * int(events) * factors[age]).quantize(MILLIONTH, ROUND_HALF_UP)
        for weight, events, age in zip(lines["weight"], lines["events"], lines["age"], strict=True)
    ]
    return pd.Series(worth, index=lines["customer_id"], dtype=object).groupby(level=0).sum()


def _factor(age, half_life):
    if half_life is None:
        return Decimal(1)
    return Decimal(0.5 ** (age / float(half_life))).quantize(BILLIONTH, ROUND_HALF_UP)


def _survey_scores(answers, catalogue, today, zone):
    """Score by customer and metric over all time, by the kind of the metric and the counting rule of its question."""
    answers = answers[_local_days(answers["answered_at"], zone) <= pd.Timestamp(today)]
    answers = answers.merge(catalogue, on="question").sort_values(["answered_at", "answer_id"])
    latest = ~answers.duplicated(["customer_id", "respondent_id", "metric"], keep="last")
    answers = answers[latest | (answers["counting"] == "every_answer")]
    # Turned so that more is better, thresholds with it.
    sign = np.where(answers["higher_is"] == "worse", -1, 1)
    answers = answers.assign(
        positive=answers["score"] * sign >= answers["positive_from"] * sign,
        negative=answers["score"] * sign <= answers["negative_to"] * sign,
        percent=100 * (answers["score"] - answers["scale_min"]) / (answers["scale_max"] - answers["scale_min"]),
    )
    mean = answers.groupby(["customer_id", "metric", "score_kind"])[["score", "percent", "positive", "negative"]].mean()
    mean = mean.reset_index("score_kind")
    kinds = {
        "net_share": 100 * (mean["positive"] - mean["negative"]),
        "positive_share": 100 * mean["positive"],
        "mean": mean["score"],
        "rescaled_mean": mean["percent"],
    }
    result = pd.Series(np.nan, index=mean.index)
    for kind, values in kinds.items():
        result = result.mask(mean["score_kind"] == kind, values)
    return result


def _net_share(scores):
    return 100 * ((scores >= 9).mean() - (scores <= 6).mean())


def _compare(check_name, in_sql, in_pandas, tolerance):
    """Both figures side by side; one that only one of them has is a difference."""
    both = pd.concat([in_sql.rename("in_sql"), in_pandas.rename("in_pandas")], axis=1).astype(float)
    is_equal = ((both["in_sql"] - both["in_pandas"]).abs() <= tolerance).to_numpy(dtype=bool)
    subject = [" ".join(key) if isinstance(key, tuple) else str(key) for key in both.index]
    return pd.DataFrame(
        {
            "check_name": pd.Series([check_name] * len(both), dtype=str),
            "subject": pd.Series(subject, dtype=str),
            "in_sql": both["in_sql"].to_numpy(),
            "in_pandas": both["in_pandas"].to_numpy(),
            "is_equal": is_equal,
        }
    )
