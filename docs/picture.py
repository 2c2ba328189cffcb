"""Draws the README's picture from the marts published in WAREHOUSE: `make picture`."""

import argparse
from pathlib import Path

import altair as alt
import duckdb

OUT = Path(__file__).resolve().parent / "picture.png"
BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#8a8a8a"  # told apart by colour-blind readers

SCORES = """
select score_date, engagement_score, status
from fct_engagement_scores
where customer_id = $customer and score_date > as_of_date - 365
order by score_date
"""
# A customer whom somebody should call: known for long, still middling, and fallen most within a window.
FALLEN = """
select customer_id from customer_scores
where lifecycle_stage = 'subscribed' and baseline_ratio is not null and engagement_score between 30 and 60
order by score_change, customer_id limit 1
"""
RECEIPT = """
select event_type, points, event_count || ' x ' || cast(weight as double) as sum_of
from fct_engagement_contributions
where customer_id = $customer and score_date = as_of_date and points > 0
order by points desc
"""
CSAT = """
select period_start, score, ci_low, ci_high, counted
from survey_scores
where metric = 'csat' and segment_dimension = 'all' and period_grain = 'month' and not is_suppressed
order by period_start
"""


def main() -> None:
    """Writes docs/picture.png: one customer's score, the receipt of its last day, and CSAT by month."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warehouse", type=Path, default=Path("warehouse"), help="folder with published marts")
    marts = parser.parse_args().warehouse / "customer_scores.duckdb"
    with duckdb.connect(str(marts), read_only=True) as connection:
        ((customer,),) = connection.sql(FALLEN).fetchall()
        scores, receipt = (connection.execute(query, {"customer": customer}).df() for query in (SCORES, RECEIPT))
        csat = connection.sql(CSAT).df()
    points = receipt["points"].sum()
    today = scores["engagement_score"].iloc[-1]

    line = (
        alt.Chart(scores, title=f"Engagement score of {customer}, by day", width=360, height=200)
        .mark_line(color=BLUE, interpolate="step-after")
        .encode(
            alt.X("score_date:T", title=None),
            alt.Y("engagement_score:Q", title="score, 1 to 100").scale(domain=[0, 100]),
        )
    )
    bars = alt.Chart(
        receipt, title=f"Why {today:.0f} today? The receipt: {points:g} points", width=240, height=200
    ).encode(alt.Y("event_type:N", sort=None, title=None), alt.X("points:Q", title="points = events x weight"))
    receipt_chart = bars.mark_bar(color=ORANGE) + bars.mark_text(align="left", dx=4, color="black").encode(
        text="sum_of:N"
    )
    base = alt.Chart(csat, title="Customer satisfaction (CSAT) by month, with its 95 % interval", width=680, height=160)
    csat_chart = base.mark_errorbar(color=GREY).encode(
        alt.X("period_start:T", title=None),
        alt.Y("ci_low:Q", title="percent satisfied").scale(zero=False),
        alt.Y2("ci_high:Q"),
    ) + base.mark_point(color=BLUE, filled=True, size=50).encode(alt.X("period_start:T"), alt.Y("score:Q"))
    chart = alt.vconcat(alt.hconcat(line, receipt_chart), csat_chart).configure_title(anchor="start", fontSize=13)
    chart.save(OUT, scale_factor=1.5)
    print(f"Written to {OUT}")


if __name__ == "__main__":
    main()
