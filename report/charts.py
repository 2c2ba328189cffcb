"""The report's charts as Vega-Lite specifications. The page puts the rows in that its filters choose."""

import altair as alt

# Told apart by colour-blind readers (Okabe and Ito), on white and on dark ground.
BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#8a8a8a"


def charts() -> dict[str, dict]:
    """Vega-Lite specifications by name, each with one empty data set `rows`."""
    rows = alt.Chart(alt.NamedData(name="rows"))
    month = alt.X("period_start:T", title=None)
    by_name = {
        "engagement": rows.mark_area(color=BLUE, opacity=0.18).encode(
            alt.X("score_date:T", title=None),
            alt.Y("p10_score:Q", title="score, 1 to 100").scale(domain=[0, 100]),
            alt.Y2("p90_score:Q"),
        )
        + rows.mark_line(color=BLUE).encode(
            alt.X("score_date:T"),
            alt.Y("mean_score:Q"),
            tooltip=["score_date:T", "mean_score:Q", "p10_score:Q", "p90_score:Q", "scored_customers:Q"],
        ),
        "distribution": rows.mark_bar(color=BLUE).encode(
            alt.X("score_bin:O", title="score, in steps of ten"),
            alt.Y("customers:Q"),
            tooltip=["score_bin:O", "customers:Q", alt.Tooltip("share:Q", format=".1%")],
        ),
        "survey": rows.mark_rule(color=GREY, strokeWidth=2).encode(
            month, alt.Y("ci_low:Q", title=None).scale(zero=False), alt.Y2("ci_high:Q")
        )
        + rows.mark_point(color=BLUE, filled=True, opacity=1, size=60).encode(
            month,
            alt.Y("score:Q"),
            tooltip=["period_start:T", "score:Q", "ci_low:Q", "ci_high:Q", "counted:Q"],
        ),
        "themes": rows.mark_bar(color=BLUE).encode(
            alt.Y("theme:N", sort="-x", title=None),
            alt.X("share:Q", title="share of comments").axis(format="%"),
            tooltip=["theme:N", "comments_with_theme:Q", "comments:Q", alt.Tooltip("share:Q", format=".1%")],
        ),
        "drivers": rows.mark_bar().encode(
            alt.Y("driver:N", sort="-x", title=None),
            alt.X("share_of_r_squared:Q", title="share of what the model explains").axis(format="%"),
            alt.Color("direction:N", title=None).scale(domain=["positive", "negative"], range=[BLUE, ORANGE]),
            tooltip=["driver:N", "direction:N", alt.Tooltip("share_of_r_squared:Q", format=".1%"), "respondents:Q"],
        ),
        "retention": rows.mark_area(color=BLUE, opacity=0.18).encode(
            month,
            alt.Y("retention_low:Q", title="customers kept").scale(zero=False).axis(format="%"),
            alt.Y2("retention_high:Q"),
        )
        + rows.mark_line(color=BLUE, point=True).encode(
            month,
            alt.Y("retention_rate:Q"),
            tooltip=["period_start:T", alt.Tooltip("retention_rate:Q", format=".1%"), "customers_at_start:Q"],
        ),
        "cohorts": rows.mark_rect().encode(
            alt.X("months_since:O", title="months since the customer came"),
            alt.Y("cohort_month:O", title=None),
            alt.Color("retention_rate:Q", title="still there")
            .scale(scheme="viridis", domain=[0, 1])
            .legend(format="%"),
            tooltip=["cohort_month:O", "months_since:O", "customers:Q", alt.Tooltip("retention_rate:Q", format=".1%")],
        ),
        "calibration": rows.mark_line(color=GREY, strokeDash=[4, 4]).encode(
            alt.X("mean_predicted:Q", title="share foretold to leave").axis(format="%"),
            alt.Y("mean_predicted:Q", title="share that left").axis(format="%"),
        )
        + rows.mark_rule(color=ORANGE, strokeWidth=2).encode(
            alt.X("mean_predicted:Q"), alt.Y("churn_rate_low:Q"), alt.Y2("churn_rate_high:Q")
        )
        + rows.mark_point(color=ORANGE, filled=True, opacity=1, size=60).encode(
            alt.X("mean_predicted:Q"),
            alt.Y("churn_rate:Q"),
            tooltip=["decile:O", "customers:Q", alt.Tooltip("churn_rate:Q", format=".1%")],
        ),
    }
    return {name: chart.properties(width="container", height=220).to_dict() for name, chart in by_name.items()}
