"""What the report shows, read from the published marts: one small table per chart or list, ready to be embedded."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import duckdb

# Of so many customers all are embedded with their receipts; of more, those on a list or with the greatest changes.
CUSTOMERS_EXPLAINED = 2_500
LISTED_PER_SIGNAL = 150
# Cells of cohorts and the like are shown for so many values of a dimension: a page is no place for a thousand regions.
VALUES_SHOWN = 12


@dataclass(frozen=True)
class Query:
    """A select over the published marts, and the marts that it reads: without one of them, the table is empty."""

    marts: tuple[str, ...]
    sql: str


# Temporary tables that several queries read: the marts that they are made of, and how.
CHOSEN = {
    # Values of each dimension that the page offers: those of most customers.
    "offered": Query(
        ("customer_segments",),
        f"""
        select segment_dimension, segment_value from customer_segments
        where valid_to is null
        group by segment_dimension, segment_value
        qualify
            row_number() over (partition by segment_dimension order by count(*) desc, segment_value) <= {VALUES_SHOWN}
        """,
    ),
    "listed": Query(
        ("customer_signals",),
        f"""
        select * from customer_signals
        qualify row_number() over (partition by signal order by strength desc, customer_id) <= {LISTED_PER_SIGNAL}
        """,
    ),
    # What a churned customer had is of the day of the churn, and says nothing of today.
    "explained": Query(
        ("customer_scores", "customer_signals"),
        """
        select * replace (
            case when score_date = as_of_date then points end as points,
            case when score_date = as_of_date then engagement_score end as engagement_score,
            case when score_date = as_of_date then score_change end as score_change,
            case when score_date = as_of_date then points_change end as points_change
        )
        from customer_scores
        qualify
            count(*) over () <= getvariable('customers_explained')
            or customer_id in (select customer_id from listed)
            or score_date = as_of_date and (
                row_number() over (partition by score_date order by score_change nulls last, customer_id) <= 100
                or row_number() over (partition by score_date order by score_change desc nulls last, customer_id) <= 100
            )
        """,
    ),
}
SEGMENT = "(segment_dimension, segment_value) in (select (segment_dimension, segment_value) from offered)"
MILLIONTHS = "cast({} * 1000000 as bigint) as {}"

QUERIES = {
    "segments": Query(
        ("customer_segments",),
        """
        select segment_dimension, segment_value from offered
        order by segment_dimension <> 'all', segment_dimension, segment_value
        """,
    ),
    "engagement": Query(
        ("segment_engagement", "customer_segments"),
        f"""
        select
            segment_dimension, segment_value, score_date, customers, scored_customers, mean_score, p10_score,
            median_score, p90_score, at_risk_customers, low_customers, medium_customers, high_customers
        from segment_engagement
        where {SEGMENT} and ((as_of_date - score_date) % 7 = 0 or score_date = last_day(score_date))
        order by score_date
        """,
    ),
    "distribution": Query(
        ("engagement_distribution",),
        """
        select score_bin, customers, share, mean_score, sd_score, skewness from engagement_distribution
        where score_date = as_of_date order by score_bin
        """,
    ),
    "comparisons": Query(
        ("segment_comparisons",),
        """
        select segment_dimension, segment_value, other_value, customers, other_customers, superiority, p_value_adjusted,
            is_distinguishable
        from segment_comparisons order by p_value_adjusted, segment_value, other_value limit 200
        """,
    ),
    "surveys": Query(
        ("survey_scores", "customer_segments"),
        f"""
        select
            metric, segment_dimension, segment_value, period_grain, period_start, period_end, asked, answered, counted,
            score, ci_low, ci_high, score_change, is_change_significant, smallest_detectable_change, is_suppressed,
            band, benchmark_low, benchmark_high, target_low, target_high
        from survey_scores
        where {SEGMENT} and period_grain in ('month', 'quarter', 'all') and metric in ('nps', 'csat', 'effort')
        order by period_start
        """,
    ),
    "experience": Query(
        ("experience_index", "customer_segments"),
        f"""
        select
            segment_dimension, segment_value, period_grain, period_start, period_end, experience_index as score,
            ci_low, ci_high,
            least(effort_answers, empathy_answers, understanding_answers, effectiveness_answers) as counted,
            missing_components, is_suppressed, band
        from experience_index
        where {SEGMENT} and period_grain in ('month', 'quarter', 'all')
        order by period_start
        """,
    ),
    "response": Query(
        ("survey_response",),
        """
        select metric, response_dimension, response_value, asked, answered, answered_unasked, response_rate, ci_low,
            ci_high, median_hours_to_answer, is_suppressed
        from survey_response
        where period_grain = 'all' and metric in ('nps', 'csat', 'effort')
        order by response_dimension <> 'all', response_dimension, metric, response_value
        """,
    ),
    "bias": Query(
        ("respondent_bias",),
        """
        select metric, trait, trait_value, is_share, respondents, customers, respondent_mean, customer_mean,
            standardised_difference
        from respondent_bias
        where is_unlike and not is_suppressed and metric in ('nps', 'csat', 'effort')
        order by abs(standardised_difference) desc, metric, trait, trait_value
        """,
    ),
    "themes": Query(
        ("theme_shares",),
        """
        select theme, period_grain, period_start, comments, comments_with_theme, share, share_change,
            is_change_significant, is_suppressed
        from theme_shares order by period_start, theme
        """,
    ),
    "theme_scores": Query(
        ("theme_scores",),
        """
        select metric, theme, answers_with_theme, answers_without_theme, score_with_theme, score_without_theme,
            score_difference, is_difference_significant, is_suppressed
        from theme_scores where period_grain = 'all' and metric in ('nps', 'csat') order by metric, score_difference
        """,
    ),
    "low_answers": Query(
        ("low_csat_audit",),
        """
        select
            coalesce(touchpoint, 'not said') as touchpoint,
            count(*) as low_answers,
            count(*) filter (has_comment) as with_comment,
            count(distinct customer_id) as customers
        from low_csat_audit group by all order by low_answers desc, touchpoint
        """,
    ),
    "drivers": Query(
        ("nps_drivers",),
        """
        select driver_kind, driver, respondents, direction, share_of_r_squared, r_squared, is_small_sample, note
        from nps_drivers order by driver_kind, driver_rank nulls last, driver
        """,
    ),
    "retention": Query(
        ("retention", "customer_segments"),
        f"""
        select segment_dimension, segment_value, period_start, customers_at_start, retained, churned, new_customers,
            retention_rate, retention_low, retention_high
        from retention where {SEGMENT} and is_complete order by period_start
        """,
    ),
    "cohorts": Query(
        ("retention_cohorts", "customer_segments"),
        f"""
        select segment_dimension, segment_value, cohort_month, months_since, customers, retained, retention_rate,
            retention_low, retention_high
        from retention_cohorts
        where {SEGMENT} and basis = 'presence' and is_complete
        order by cohort_month, months_since
        """,
    ),
    "value": Query(
        ("customer_value", "customer_segments"),
        f"""
        select
            segments.segment_dimension,
            segments.segment_value,
            count(*) as customers,
            count(*) filter (value.purchases > 0) as buyers,
            cast(sum(value.revenue) as double) as revenue,
            count(value.clv) as customers_with_clv,
            median(value.clv) as median_clv,
            quantile_cont(value.clv, 0.9) as p90_clv
        from customer_value as value
        inner join customer_segments as segments on value.customer_id = segments.customer_id
        where segments.valid_to is null and {SEGMENT}
        group by all order by segments.segment_dimension, revenue desc
        """,
    ),
    "quadrants": Query(
        ("customer_scores",),
        """
        select quadrant, count(*) as customers from customer_scores where lifecycle_stage <> 'churned'
        group by all order by customers desc, quadrant
        """,
    ),
    "signal_results": Query(
        ("signal_results",),
        """
        select signal, listed_group, outcome, within_days, spells, happened, outcome_rate, rate_low, rate_high,
            difference, difference_low, difference_high
        from signal_results order by signal, listed_group desc
        """,
    ),
    "signals": Query(
        ("customer_signals",),
        """
        select
            signal, customer_id, round(strength, 1) as strength, rule, since_date, is_held_out, lifecycle_stage,
            round(engagement_score, 1) as engagement_score, round(score_change, 1) as score_change, active_days,
            days_since_last_event, support_contacts, purchases, last_nps, last_csat, last_effort, trial_days
        from listed order by signal, strength desc, customer_id
        """,
    ),
    "signal_counts": Query(
        ("customer_signals",),
        """
        select signal, count(*) as customers, count(*) filter (is_held_out) as held_out from customer_signals
        group by all order by signal
        """,
    ),
    "customers": Query(
        ("customer_scores", "customer_signals"),
        f"""
        select
            customer_id, lifecycle_stage, engagement_status, engagement_band, event_count, active_days,
            {MILLIONTHS.format("points", "points")}, {MILLIONTHS.format("engagement_score", "score")},
            {MILLIONTHS.format("previous_score", "previous_score")},
            {MILLIONTHS.format("score_change", "score_change")},
            {MILLIONTHS.format("points_change", "points_change")},
            round(engagement_percentile, 1) as percentile, trend
        from explained order by customer_id
        """,
    ),
    "customer_values": Query(
        ("customer_scores", "customer_signals", "customer_segments"),
        """
        select customer_id, segment_dimension, segment_value from customer_segments
        where valid_to is null and segment_dimension <> 'all'
            and customer_id in (select customer_id from explained union select customer_id from listed)
        order by customer_id, segment_dimension
        """,
    ),
    "receipts": Query(
        ("customer_scores", "customer_signals", "fct_engagement_contributions"),
        f"""
        select customer_id, event_type, {MILLIONTHS.format("weight", "weight")}, event_count,
            {MILLIONTHS.format("points", "points")}
        from fct_engagement_contributions
        where score_date = getvariable('today') and customer_id in (select customer_id from explained)
        order by customer_id, points desc, event_type, weight
        """,
    ),
    "changes": Query(
        ("customer_scores", "customer_signals", "fct_engagement_changes"),
        f"""
        select customer_id, event_type, effect, {MILLIONTHS.format("points_change", "points_change")}
        from fct_engagement_changes
        where score_date = getvariable('today') and customer_id in (select customer_id from explained)
        order by customer_id, points_change, event_type, effect
        """,
    ),
    "scale": Query(
        ("engagement_scales",),
        f"""
        select scale_version, {MILLIONTHS.format("points", "points")}, {MILLIONTHS.format("score", "score")}
        from engagement_scales where is_in_use order by points
        """,
    ),
    "reconciliation": Query(
        ("row_reconciliation",),
        """
        select source_table, raw_rows, accepted, duplicates, rejected, erased, last_loaded_at from row_reconciliation
        order by source_table
        """,
    ),
    "unweighted": Query(
        ("unweighted_event_types",),
        """
        select event_type, event_count, customers, first_date, last_date from unweighted_event_types
        order by event_count desc, event_type limit 100
        """,
    ),
    "restatements": Query(
        ("score_restatements",),
        """
        select
            date_trunc('month', restated_on)::date as month,
            count(*) as restated_scores,
            count(distinct customer_id) as customers,
            sum(late_events)::bigint as late_events,
            max(abs(score_change))::double as greatest_change
        from score_restatements group by all order by month desc
        """,
    ),
    "breaks": Query(
        ("instrumentation_breaks",),
        """
        select activity_date, event_type, event_count, expected_events, customers, expected_customers
        from instrumentation_breaks
        order by activity_date desc, event_type limit 100
        """,
    ),
    "backtest": Query(
        ("score_backtest",),
        """
        select horizon_days, predictor, customers, churned, auc, auc_low, auc_high, auc_gain, auc_gain_low,
            auc_gain_high, top_decile_lift, note
        from score_backtest where segment_dimension = 'all' order by horizon_days, predictor
        """,
    ),
    "calibration": Query(
        ("score_calibration",),
        """
        select horizon_days, decile, customers, mean_predicted, churned, churn_rate, churn_rate_low, churn_rate_high
        from score_calibration where predictor = 'engagement' order by horizon_days, decile
        """,
    ),
}


def read(marts: duckdb.DuckDBPyConnection, customers_explained: int = CUSTOMERS_EXPLAINED) -> dict:
    """The report's tables by name, each {columns, rows}, and `build`: {build_id, as_of_date, customers, explained}.

    `marts` is a connection to published marts. Points, weights and scores of single customers are whole millionths, so
    that a page adds them up exactly. What a company has no data for is a table without rows. Of a company with more
    than `customers_explained` scored customers, receipts are read of those on a list and of those who moved most.
    """
    names = "select table_name from information_schema.tables where table_schema = 'main'"
    present = {name for (name,) in marts.execute(names).fetchall()}
    # As a value: the view of receipts looks at one day then, and not at all of them.
    marts.execute("set variable today = (select max(as_of_date) from customer_scores)")
    marts.execute("set variable customers_explained = $1", [customers_explained])
    for name, query in CHOSEN.items():
        if present.issuperset(query.marts):
            marts.execute(f"create or replace temp table {name} as {query.sql}")
    tables = {}
    for name, query in QUERIES.items():
        if not present.issuperset(query.marts):
            tables[name] = {"columns": [], "rows": []}
            continue
        result = marts.execute(query.sql)
        columns = [column[0] for column in result.description]
        tables[name] = {"columns": columns, "rows": [[_as_json(cell) for cell in row] for row in result.fetchall()]}
    build_id, as_of_date, customers = marts.execute(
        "select any_value(build_id), max(as_of_date), count(*) from customer_scores"
    ).fetchone()
    tables["build"] = {
        "build_id": build_id,
        "as_of_date": _as_json(as_of_date),
        "customers": customers,
        "explained": len(tables["customers"]["rows"]),
    }
    return tables


def _as_json(cell: object) -> object:
    """A value of the marts as JSON has it: days and times as ISO text, figures to ten digits, which no chart shows."""
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        cell = float(cell)
    return float(f"{cell:.10g}") if isinstance(cell, float) else cell
