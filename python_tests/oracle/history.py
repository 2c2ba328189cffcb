"""What was known when: score dates that late events restated, and a score date as it was known on some day."""

import numpy as np
import pandas as pd

from .engagement import Panel, exact, score_known, spread

CELL = ["customer", "when"]
RESTATED = [*CELL, "loaded"]


def restatements(panel: Panel) -> pd.DataFrame:
    """The table `score_restatements`: score dates that had passed when events of their window were loaded."""
    lines = panel.lines[panel.lines["loaded"] > panel.lines["at"]]
    calendar = np.arange(len(panel.calendar))
    late = spread(panel, lines, calendar, lines["loaded"].to_numpy() - 1, panel.exists)
    restated = late.groupby(RESTATED)["count"].sum().rename("late_events").reset_index()
    # Types are numbered in text order.
    named = late[[*RESTATED, "type"]].drop_duplicates().sort_values([*RESTATED, "type"])
    names = np.split(panel.types[named["type"]], np.flatnonzero(~named.duplicated(RESTATED))[1:])
    # Of no rows split makes one part all the same.
    restated["event_types"] = [", ".join(own) for own in names[: len(restated)]]

    is_restated = np.zeros(panel.exists.shape, bool)
    is_restated[restated["customer"], restated["when"]] = True
    touched = panel.lines[panel.lines["customer"].isin(restated["customer"])]
    loaded = spread(panel, touched, calendar, only=is_restated).groupby(RESTATED)[["count", "points"]].sum()
    known = loaded.groupby(CELL).cumsum()
    rows = restated.merge(known.assign(own_count=loaded["count"], own_points=loaded["points"]).reset_index())

    after, before = rows["points"].to_numpy(), (rows["points"] - rows["own_points"]).to_numpy()
    score_after = score_known(after, np.True_, panel.scale)
    score_before = score_known(before, (rows["count"] > rows["own_count"]).to_numpy(), panel.scale)
    has_score = panel.has_score[rows["customer"], rows["when"]]
    return pd.DataFrame(
        {
            "customer_id": panel.customers[rows["customer"]],
            "score_date": panel.calendar[rows["when"]],
            "restated_on": panel.origin + pd.to_timedelta(rows["loaded"], unit="D"),
            "late_events": rows["late_events"],
            "event_types": rows["event_types"],
            "points_before": exact(before),
            "points_after": exact(after),
            "points_change": exact(after - before),
            "score_before": exact(score_before, has_score),
            "score_after": exact(score_after, has_score),
            "score_change": exact(score_after - score_before, has_score),
        }
    )


def as_known(panel: Panel, known_on: pd.Timestamp, score_date: pd.Timestamp) -> pd.DataFrame:
    """The rows of one score date, from the events that were loaded by the end of `known_on`."""
    days = panel.positions([score_date])
    who = np.flatnonzero(panel.exists[:, days].any(axis=1))
    lines = panel.lines[panel.lines["loaded"] <= (known_on - panel.origin).days]
    known = (
        spread(panel, lines, days)
        .groupby("customer")
        .agg(count=("count", "sum"), active_days=("at", "nunique"), points=("points", "sum"))
    )
    known = known.reindex(who, fill_value=0)
    points, count = known["points"].to_numpy(), known["count"].to_numpy()
    has_score = panel.has_score[:, days].any(axis=1)[who]
    return pd.DataFrame(
        {
            "customer_id": panel.customers[who],
            "score_date": score_date.as_unit("us"),
            "event_count": count,
            "active_days": known["active_days"].to_numpy(),
            "points": exact(points),
            "engagement_score": exact(score_known(points, count > 0, panel.scale), has_score),
        }
    )
