"""Customer value in the demo company, of which it is known who was made to buy otherwise."""

import duckdb
import numpy as np

from ops.demo_data import SEED, make_customers


def test_the_flag_finds_those_who_were_made_to_buy_more_often_and_smaller(demo, build):
    customers, _ = make_customers(np.random.default_rng([SEED, 0]))
    with duckdb.connect(str(build(demo).marts), read_only=True) as connection:
        found = connection.sql("""
            select customer_id, purchase_pattern is not null as is_flagged
            from customer_value
            where previous_purchases > 0
        """).df()
    found = found.merge(customers[["customer_id", "buys_smaller"]], on="customer_id")
    share = found.groupby("buys_smaller")["is_flagged"].mean()
    # A quarter is short: by chance alone some buy more and smaller than the quarter before.
    assert share[True] > 3 * share[False]
    assert found.loc[found["is_flagged"], "buys_smaller"].mean() > 0.2
