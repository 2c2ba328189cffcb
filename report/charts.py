"""The report's charts as Vega-Lite specifications. The page puts the rows in that its filters choose."""

import altair as alt

# Variables of page.css, which has them for light, dark and paper.
BLUE, ORANGE, GREY = "var(--blue)", "var(--orange)", "var(--grey)"
# Of Okabe and Ito, whose colours nobody confuses; in grey too, neighbours differ.
BANDS = {"at risk": "#d55e00", "low": "#e69f00", "medium": "#56b4e9", "high": "#0072b2"}
HEIGHT, STEP = 220, 22


def charts() -> dict[str, dict]:
    """Vega-Lite specifications by name, each with one empty data set `rows`."""
    rows = alt.Chart(alt.NamedData(name="rows"))
    time = alt.Axis(title=None, tickCount=6, format="%b %Y", labelOverlap=True)
    month = alt.X("period_start:T", axis=time)
    score = alt.Tooltip("score:Q", format=".1f")
    upright = {
        "engagement": rows.mark_area(color=BLUE, opacity=0.18).encode(
            alt.X("score_date:T", axis=time),
            alt.Y("p10_score:Q", title="score, 1 to 100").scale(domain=[0, 100]),
            alt.Y2("p90_score:Q"),
        )
        + rows.mark_line(color=BLUE, strokeWidth=2.5).encode(
            alt.X("score_date:T"),
            alt.Y("mean_score:Q"),
            tooltip=[
                "score_date:T",
                *(alt.Tooltip(f"{column}:Q", format=".1f") for column in ("mean_score", "p10_score", "p90_score")),
                "scored_customers:Q",
            ],
        ),
        "distribution": rows.mark_bar(color=BLUE).encode(
            alt.X("bin:O", title="score", sort=None),
            alt.Y("customers:Q"),
            tooltip=["bin:O", "customers:Q", alt.Tooltip("share:Q", format=".1%")],
        ),
        "survey": rows.mark_line(color=GREY, strokeWidth=1).encode(
            month, alt.Y("score:Q", title=None).scale(zero=False)
        )
        + rows.mark_rule(color=BLUE, opacity=0.35, strokeWidth=5).encode(month, alt.Y("ci_low:Q"), alt.Y2("ci_high:Q"))
        + rows.mark_point(color=BLUE, filled=True, opacity=1, size=55).encode(
            month,
            alt.Y("score:Q"),
            tooltip=[
                "period_start:T",
                score,
                alt.Tooltip("ci_low:Q", format=".1f"),
                alt.Tooltip("ci_high:Q", format=".1f"),
                "counted:Q",
            ],
        ),
        "retention": rows.mark_area(color=BLUE, opacity=0.18).encode(
            month,
            alt.Y("retention_low:Q", title="customers kept").scale(zero=False).axis(format="%"),
            alt.Y2("retention_high:Q"),
        )
        + rows.mark_line(color=BLUE, point=alt.OverlayMarkDef(color=BLUE)).encode(
            month,
            alt.Y("retention_rate:Q"),
            tooltip=["period_start:T", alt.Tooltip("retention_rate:Q", format=".1%"), "customers_at_start:Q"],
        ),
        "calibration": rows.mark_line(color=GREY, strokeDash=[4, 4]).encode(
            alt.X("mean_predicted:Q", title="share foretold to leave").axis(format="%", tickCount=6),
            alt.Y("mean_predicted:Q", title="share that left").axis(format="%", tickCount=6),
        )
        + rows.mark_rule(color=ORANGE, opacity=0.5, strokeWidth=4).encode(
            alt.X("mean_predicted:Q"), alt.Y("churn_rate_low:Q"), alt.Y2("churn_rate_high:Q")
        )
        + rows.mark_point(color=ORANGE, filled=True, opacity=1, size=55).encode(
            alt.X("mean_predicted:Q"),
            alt.Y("churn_rate:Q"),
            tooltip=["decile:O", "customers:Q", alt.Tooltip("churn_rate:Q", format=".1%")],
        ),
    }
    # Names stand at the side: as high as there are rows.
    lying = {
        "bands": rows.mark_bar().encode(
            alt.Y("segment:N", sort=None, title=None),
            alt.X("customers:Q", stack="normalize", title="share of scored customers").axis(format="%", tickCount=5),
            alt.Color("band:N", title=None)
            .scale(domain=list(BANDS), range=list(BANDS.values()))
            .legend(orient="top", direction="horizontal"),
            alt.Order("place:Q"),
            tooltip=["segment:N", "band:N", "customers:Q"],
        ),
        "themes": rows.mark_bar(color=BLUE).encode(
            alt.Y("name:N", sort="-x", title=None),
            alt.X("share:Q", title="share of comments").axis(format="%", tickCount=5),
            tooltip=["name:N", "comments_with_theme:Q", "comments:Q", alt.Tooltip("share:Q", format=".1%")],
        ),
        "drivers": rows.mark_bar().encode(
            alt.Y("name:N", sort="-x", title=None),
            alt.X("share_of_r_squared:Q", title="share of what the model explains").axis(format="%", tickCount=5),
            alt.Color("direction:N", title="goes with NPS that is")
            .scale(domain=["positive", "negative"], range=[BLUE, ORANGE])
            .legend(orient="top", labelExpr="datum.label === 'positive' ? 'higher' : 'lower'"),
            tooltip=["name:N", "direction:N", alt.Tooltip("share_of_r_squared:Q", format=".1%"), "respondents:Q"],
        ),
        "cohorts": rows.mark_rect().encode(
            alt.X("months_since:O", title="months since the customer came").axis(labelOverlap=True),
            alt.Y("cohort:O", sort=None, title=None),
            alt.Color("retention_rate:Q", title="still there")
            .scale(scheme="viridis", domain=[0, 1])
            .legend(format="%", orient="top", gradientLength=160),
            tooltip=["cohort:O", "months_since:O", "customers:Q", alt.Tooltip("retention_rate:Q", format=".1%")],
        ),
    }
    return {
        name: chart.properties(width="container", height=height).to_dict()
        for specifications, height in ((upright, HEIGHT), (lying, alt.Step(STEP)))
        for name, chart in specifications.items()
    }
