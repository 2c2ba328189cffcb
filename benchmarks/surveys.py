"""What survey scores cost, as a multiple of one plain group by: `python -m benchmarks.surveys`.

Writes the answers of a company (ten million; seven questions, three respondents per customer, a year), measures the
unit V, builds the marts, and prints Markdown. V is one plain `group by metric, month, segment` over the same answers
with two threads.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import duckdb

from benchmarks.engagement import drift, kept, measure_build, say, table
from ops.publish import Warehouse

ANSWERS_PER_CUSTOMER = 100
SURVEY_UNITS = 8  # the most that the project promises, as a multiple of V
SLOWEST_SHOWN = 10
UNIT = """
    create or replace temp table scores as
    select metric, date_trunc('month', answered_at) as month, plan, count(*) as answers, avg(score) as mean_score
    from '{raw}/survey_answers.parquet'
    join '{seeds}/survey_questions.csv' using (question)
    join '{raw}/customers.parquet' using (customer_id)
    where score is not null
    group by all
"""
SEEDS = Path(__file__).resolve().parents[1] / "seeds"


def write_answers(raw: Path, answers: int) -> None:
    """Writes the raw folder: so many answers, four in five given, and the customers they come from.

    Every value is a hash of a row's number, so the same arguments write the same rows with the same DuckDB version.
    """
    customers = answers // ANSWERS_PER_CUSTOMER
    with duckdb.connect() as connection:
        connection.execute("create temp macro number(row, what) as cast(hash(row, what) >> 1 as bigint)")
        connection.execute(f"""
            copy (
                select
                    'customer-' || i as customer_id,
                    timestamp '2024-12-01' as updated_at,
                    ['free', 'starter', 'pro', 'enterprise'][1 + number(i, 'plan') % 4] as plan,
                    ['software', 'retail', 'health', 'education', 'other'][1 + number(i, 'industry') % 5] as industry,
                    ['Europe', 'Americas', 'Asia', 'Africa'][1 + number(i, 'region') % 4] as region
                from range({customers}) as customers (i)
            ) to '{raw}/customers.parquet'
        """)
        connection.execute(f"""
            copy (
                with asked as (
                    select
                        i,
                        ['nps', 'csat', 'support_csat', 'effort', 'empathy', 'understanding', 'effectiveness'][
                            1 + number(i, 'question') % 7
                        ] as question,
                        timestamp '2025-01-01' + to_seconds(number(i, 'sent') % 31000000) as sent_at,
                        number(i, 'answered') % 5 > 0 as is_answered
                    from range({answers}) as answers (i)
                )

                select
                    'answer-' || i as answer_id,
                    'customer-' || number(i, 'customer') % {customers} as customer_id,
                    'user-' || number(i, 'user') % 3 as respondent_id,
                    question,
                    sent_at,
                    case when is_answered then sent_at + to_seconds(number(i, 'delay') % 86400) end
                        as answered_at,
                    case
                        when not is_answered then null
                        when question = 'nps' then number(i, 'score') % 11
                        when question = 'effort' then 1 + number(i, 'score') % 7
                        else 1 + number(i, 'score') % 5
                    end as score,
                    'email' as channel,
                    'product' as touchpoint
                from asked
                order by sent_at
            ) to '{raw}/survey_answers.parquet'
        """)


def unit_seconds(raw: Path) -> float:
    """Seconds of V, the median of three."""
    seconds = []
    with duckdb.connect(config={"threads": 2}) as connection:
        for _ in range(3):
            began = time.monotonic()
            connection.execute(UNIT.format(raw=raw, seeds=SEEDS))
            seconds.append(time.monotonic() - began)
    return statistics.median(seconds)


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.surveys", description=__doc__)
    parser.add_argument("--answers", type=float, default=10, help="million answers")
    answers = round(parser.parse_args().answers * 1e6)
    with tempfile.TemporaryDirectory(prefix="bench_surveys_") as folder:
        raw, warehouse = Path(folder) / "raw", Warehouse(Path(folder) / "warehouse")
        raw.mkdir()
        say(f"Writing {answers:,} answers")
        write_answers(raw, answers)
        units = [unit_seconds(raw)]
        say("Build")
        build = measure_build(raw, warehouse, ["survey_scores"], after="stg_survey_answers")
        units.append(unit_seconds(raw))
    unit = statistics.mean(units)
    verdict = f"≤ {SURVEY_UNITS} V: {kept(build.needed_sql / unit <= SURVEY_UNITS)}"
    rows = [
        ["V: the plain group by", unit, ""],
        ["engine, from judged answers to survey_scores", build.needed_sql, verdict],
        ["the same nodes, with dbt's time around their SQL", build.needed, ""],
        ["models and tests at work", build.everything, ""],
    ]
    rows = [[what, f"{seconds:.1f}", f"{seconds / unit:.2f}", promise] for what, seconds, promise in rows]
    slowest = [[node, f"{s:.1f}", f"{s / unit:.2f}"] for node, s in build.slowest[:SLOWEST_SHOWN]]
    print(f"### {answers / 1e6:g} million survey answers\n")
    print(table(["what", "s", "V", "promise"], rows), "\n")
    print(f"Peak memory {build.command.peak_gb:.1f} GB. {drift(units, 'V')}\n")
    print(table(["slowest", "s", "V"], slowest))


if __name__ == "__main__":
    main()
