"""Writes the raw folder of a company of a chosen size: `python -m benchmarks.events --events 20 --out DIR`.

Every value is a hash of a row's number, so the same arguments write the same rows with the same DuckDB version. Rows
lie in the order in which a warehouse would have loaded them: five minutes at most after they occurred, 1 % of them one
to seven days late, and 0.5 % a second time some hours later. What is loaded on day 366 goes to a file of its own,
beside the raw folder, for the build of one more day.
"""

import argparse
from pathlib import Path

import duckdb

DAYS = 365
FIRST_DAY = "2025-01-01"
EVENTS_PER_CUSTOMER = 200  # in DAYS
LATEST_DAYS = 7
# The most frequent first. All are types of the seed `event_weights`, two of them with weight 0.
EVENT_TYPES = [
    "page_view",
    "feature_used",
    "login",
    "report_created",
    "report_shared",
    "support_ticket",
    "purchase",
    "invite_sent",
]
# A company of this size runs a frozen scale: a score then moves only when its customer does.
SCALE = "scale_version,points,score\nfrozen-2025,0,1\nfrozen-2025,60,50\nfrozen-2025,150,90\nfrozen-2025,400,100\n"
MEMORY_LIMIT = "6GB"


def write_company(folder: Path, events: int, customers: int, with_users: bool = False) -> None:
    """Writes `folder`/raw (the first 365 days) and `folder`/next_day.parquet (what is loaded on day 366).

    `events` is how many events occur in the 365 days, `customers` how many customers they spread over; `with_users`
    adds a column `user_id` with three users per customer.
    """
    raw = folder / "raw"
    (raw / "events").mkdir(parents=True, exist_ok=True)
    (raw / "settings").mkdir(exist_ok=True)
    (raw / "settings" / "engagement_scale.csv").write_text(SCALE, encoding="utf-8")
    spill = folder / "spill"
    with duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(spill)}) as connection:
        connection.execute(f"copy ({_customers(customers)}) to '{raw}/customers.parquet' (format parquet)")
        # Of the events before day 366, only the latest can be loaded on it.
        first_of_tail = events * (DAYS - LATEST_DAYS - 1) // DAYS
        last = events + events // DAYS
        for target, rows, first_load_day, last_load_day in [
            (raw / "events" / "events_000.parquet", (0, events), 0, DAYS - 1),
            (folder / "next_day.parquet", (first_of_tail, last), DAYS, DAYS),
        ]:
            query = _events(rows, events / DAYS, customers, with_users)
            connection.execute(f"""
                copy (
                    from ({query})
                    where loaded_at >= {_day(first_load_day)} and loaded_at < {_day(last_load_day + 1)}
                    order by loaded_at, event_id
                ) to '{target}' (format parquet)
            """)
    spill.exists() and spill.rmdir()


def _day(day: int) -> str:
    """SQL of the midnight at which the day number `day` begins; the first day is 0."""
    return f"(timestamp '{FIRST_DAY}' + interval {day} day)"


def _share(salt: str) -> str:
    """SQL of a number from 0 to less than 1 that looks drawn at random: the hash of row number `i` and `salt`.

    Hashed twice, since DuckDB joins hashes of several values by an exclusive or: two salts would give related numbers.
    """
    return f"((hash(hash(i, '{salt}')) >> 11) / {2**53}.0)"


def _events(rows: tuple[int, int], events_per_day: float, customers: int, with_users: bool) -> str:
    """SQL of the events with the numbers `rows` (from, to), copies included, in no order."""
    user = f"'user-' || customer || '-' || cast(floor(3 * {_share('user')}) as int) as user_id," if with_users else ""
    types = ", ".join(f"'{event_type}'" for event_type in EVENT_TYPES)
    return f"""
        with drawn as (
            select
                i,
                cast(floor(pow({_share("customer")}, 1.5) * {customers}) as bigint) as drawn_customer,
                [{types}][1 + cast(floor({len(EVENT_TYPES)} * pow({_share("type")}, 2)) as int)] as event_type,
                {_day(0)} + to_microseconds(cast(i * {86400e6 / events_per_day} as bigint)) as occurred_at,
                to_seconds(1 + floor(299 * {_share("delay")})) as delay,
                case
                    when {_share("is late")} < 0.01
                        then to_days(cast(1 + floor({LATEST_DAYS} * {_share("late")}) as int))
                    else to_days(0)
                end as late,
                {_share("is copied")} < 0.005 as is_copied,
                to_minutes(cast(60 + floor(600 * {_share("copied")}) as int)) as copied_after
            from range({rows[0]}, {rows[1]}) as numbers (i)
        ),

        -- One customer in ten falls silent at mid-year; the next one takes over what it would have done.
        active as (
            select
                *,
                case
                    when drawn_customer % 10 = 7 and occurred_at >= {_day(DAYS // 2)} then drawn_customer + 1
                    else drawn_customer
                end as customer
            from drawn
        ),

        loads as (
            select *, unnest(case when is_copied then [to_minutes(0), copied_after] else [to_minutes(0)] end) as again
            from active
        )

        select
            format('evt-{{:09d}}', i) as event_id,
            format('cust-{{:07d}}', customer) as customer_id,
            {user}
            event_type,
            occurred_at,
            occurred_at + delay + late + again as loaded_at
        from loads
    """


def _customers(customers: int) -> str:
    """SQL of the customers: one version from before the first day each, and a second where the plan changed later."""
    return f"""
        with customers as (
            select
                i,
                ['software', 'retail', 'manufacturing', 'healthcare', 'education', 'professional services']
                    [1 + cast(floor(6 * {_share("industry")}) as int)] as industry,
                case
                    when {_share("region")} < 0.42 then 'Europe'
                    when {_share("region")} < 0.75 then 'North America'
                    when {_share("region")} < 0.90 then 'Asia-Pacific'
                    else 'Latin America'
                end as region,
                cast(floor(4 * sqrt({_share("plan")})) as int) as plan,
                {_day(0)} - to_hours(cast(1 + floor(17520 * {_share("subscribed")}) as int)) as subscribed_at,
                {_day(0)} + to_minutes(cast(floor({1440 * DAYS} * {_share("changed")}) as int)) as changed_at,
                {_share("is changed")} < 0.2 as is_changed
            from range({customers}) as numbers (i)
        ),

        versions as (
            select *, subscribed_at as updated_at from customers
            union all
            select * replace ((plan + 1) % 4 as plan), changed_at as updated_at from customers where is_changed
        )

        select
            format('cust-{{:07d}}', i) as customer_id,
            updated_at,
            ['enterprise', 'free', 'pro', 'starter'][1 + plan] as plan,
            industry,
            region,
            subscribed_at
        from versions
        order by updated_at, i
    """


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events", description=__doc__)
    parser.add_argument("--events", type=float, default=20, help="million events in 365 days (default: 20)")
    parser.add_argument("--customers", type=int, help=f"customers (default: one per {EVENTS_PER_CUSTOMER} events)")
    parser.add_argument("--users", action="store_true", help="add a column user_id, three users per customer")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    options = parser.parse_args()
    events = round(options.events * 1e6)
    write_company(options.out, events, options.customers or events // EVENTS_PER_CUSTOMER, options.users)


if __name__ == "__main__":
    main()
