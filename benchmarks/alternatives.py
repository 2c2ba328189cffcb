"""The unit, and what a reader may pick instead: `python -m benchmarks.alternatives pandas FOLDER`.

Each function reads the raw folder FOLDER/raw and does one job in a process of its own; the command prints one JSON line
with its seconds (the tool's import not counted), and what it found. The tools do the part of a build that they can be
compared in: the ledger (copies of an event dropped; one row per customer, activity date, event type and load date) and
the points of the last 28 days for every customer and day, both written as Parquet. No scores, no percentiles, no
segments, no tests, and all of it again for one more day.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

WEIGHTS = Path(__file__).resolve().parents[1] / "seeds" / "event_weights.csv"
WINDOW_DAYS = 28
LEDGER = ["customer_id", "activity_date", "event_type", "load_date"]
UNIT = (
    "create or replace temp table counted as select customer_id, occurred_at::date, event_type, count(*) group by all"
)


def unit(folder: Path) -> dict:
    """Times the yardstick: one plain count over the events, in DuckDB with two threads, the median of three."""
    import duckdb

    query = UNIT.replace(" group by", f" from '{folder}/raw/events/events_000.parquet' group by")
    seconds = []
    with duckdb.connect(config={"threads": 2}) as connection:
        for _ in range(3):
            began = time.monotonic()
            (rows,) = connection.execute(query).fetchone()
            seconds.append(time.monotonic() - began)
    return {"seconds": statistics.median(seconds), "version": duckdb.__version__, "rows": rows}


def in_pandas(folder: Path) -> dict:
    """Ledger and rolling points in pandas."""
    import pandas as pd

    began = time.monotonic()
    events = pd.read_parquet(folder / "raw" / "events")
    customers = pd.read_parquet(folder / "raw" / "customers.parquet", columns=["customer_id"])
    weights = pd.read_csv(WEIGHTS, parse_dates=["valid_from", "valid_to"]).drop(columns="reason")

    # The rows lie in the order of loading: the first of its id counts.
    events = events.drop_duplicates("event_id").drop(columns="event_id")
    events["activity_date"] = events.pop("occurred_at").dt.normalize()
    events["load_date"] = events.pop("loaded_at").dt.normalize()
    # Categories group many times faster than text.
    events = events.astype({"customer_id": "category", "event_type": "category"})
    ledger = events.groupby(LEDGER, observed=True).size().rename("event_count").reset_index()
    del events
    ledger.to_parquet(folder / "pandas_ledger.parquet")

    weighted = ledger.astype({"event_type": "str"}).merge(weights, on="event_type")
    too_early = weighted["activity_date"] < weighted["valid_from"]
    too_late = weighted["activity_date"] > weighted["valid_to"]
    weighted = weighted[~too_early & ~too_late]
    weighted = weighted.assign(points=weighted["weight"] * weighted["event_count"])
    points = weighted.pivot_table(
        index="activity_date", columns="customer_id", values="points", aggfunc="sum", observed=True
    )
    days = pd.date_range(ledger["activity_date"].min(), ledger["activity_date"].max(), name="score_date")
    everybody = pd.Index(customers["customer_id"].unique(), name="customer_id")
    # Silent customers and days too.
    points = points.reindex(index=days, columns=everybody).fillna(0)
    rolling = points.rolling(WINDOW_DAYS, min_periods=1).sum()
    scores = rolling.unstack().rename("points").reset_index()
    scores.to_parquet(folder / "pandas_points.parquet")
    seconds = time.monotonic() - began
    return {
        "seconds": seconds,
        "version": pd.__version__,
        "events": int(ledger["event_count"].sum()),
        "rows": len(scores),
        "points": float(scores["points"].sum()),
    }


def in_polars(folder: Path) -> dict:
    """Ledger and rolling points in Polars."""
    import polars as pl

    began = time.monotonic()
    weights = pl.scan_csv(WEIGHTS, try_parse_dates=True).drop("reason")
    ledger_file, points_file = folder / "polars_ledger.parquet", folder / "polars_points.parquet"
    (
        pl.scan_parquet(folder / "raw" / "events" / "*.parquet")
        # The rows lie in the order of loading: the first of its id counts.
        .unique("event_id", keep="first")
        .group_by(
            "customer_id",
            pl.col("occurred_at").dt.date().alias("activity_date"),
            "event_type",
            pl.col("loaded_at").dt.date().alias("load_date"),
        )
        .agg(pl.len().alias("event_count"))
        .sink_parquet(ledger_file)
    )
    ledger = pl.scan_parquet(ledger_file)
    first, last, events = (
        ledger.select(
            pl.min("activity_date"), pl.max("activity_date").alias("last"), pl.sum("event_count").cast(pl.Int64)
        )
        .collect()
        .row(0)
    )
    # Numbers join and sort several times faster than text.
    customers = pl.scan_parquet(folder / "raw" / "customers.parquet").select("customer_id").unique().sort("customer_id")
    customers = customers.with_row_index("number").collect()
    daily = (
        ledger.join(weights, on="event_type")
        .filter(
            (pl.col("valid_from").is_null() | (pl.col("activity_date") >= pl.col("valid_from")))
            & (pl.col("valid_to").is_null() | (pl.col("activity_date") <= pl.col("valid_to")))
        )
        .join(customers.lazy(), on="customer_id")
        .group_by("number", score_date="activity_date")
        .agg((pl.col("weight") * pl.col("event_count")).sum().alias("points"))
        .collect(engine="streaming")
    )
    days = pl.DataFrame({"score_date": pl.date_range(first, last, eager=True)})
    (
        # Silent customers and days too. Not lazily: that takes more than twice as long here.
        customers.join(days, how="cross")
        .join(daily, on=["number", "score_date"], how="left")
        .sort("number", "score_date")
        .select(
            "customer_id",
            "score_date",
            pl.col("points").fill_null(0).rolling_sum(WINDOW_DAYS, min_samples=1).over("number"),
        )
        .write_parquet(points_file)
    )
    seconds = time.monotonic() - began
    rows, points = pl.scan_parquet(points_file).select(pl.len(), pl.sum("points")).collect().row(0)
    return {"seconds": seconds, "version": pl.__version__, "events": events, "rows": rows, "points": float(points)}


JOBS = {"unit": unit, "pandas": in_pandas, "polars": in_polars}


def main() -> None:
    """Runs one job and prints its result as one JSON line; exit code 3 where there was not enough memory for it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alternatives", description=__doc__)
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("folder", type=Path, help="folder that benchmarks.events wrote")
    options = parser.parse_args()
    if sys.platform == "linux":
        # Should memory run out, this process ends, and nobody else's.
        Path("/proc/self/oom_score_adj").write_text("1000")
    try:
        print(json.dumps(JOBS[options.job](options.folder)))
    except MemoryError:
        sys.exit(3)


if __name__ == "__main__":
    main()
