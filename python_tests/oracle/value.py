"""Customer value: what customers bought, what that is worth, and what else is known of those who bought.

Money is in whole millionths until it is published, so that every sum and comparison is exact.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from .engagement import SCALED, Panel
from .retention import TRADES, Role
from .settings import OracleError, number
from .surveys import over
from .time import NEVER, Timeline, as_times, distinct, month_numbers, tally

DAYS_OF_MONTH = Decimal("30.4375")
WHOLE_RULES = ("clv_months", "pattern_days", "inactive_days")
RULES = ("gross_margin", "annual_discount_rate", "engaged_from", "satisfied_from", *WHOLE_RULES)
VALUE_TODAY = [
    "purchases",
    "revenue",
    "recency_days",
    "frequency",
    "monetary_value",
    "rfm_segment",
    "clv",
    "clv_per_acquisition_dollar",
    "purchase_pattern",
]


def clv_multiple(retention: float, discount: float) -> float:
    """Lifetime value per unit of margin and period: r / (1 + i - r); NaN where it would have no end."""
    remains = 1 + discount - retention
    return retention / remains if remains > 0 else np.nan


def load_rules(seed: pd.DataFrame) -> dict[str, Decimal | int]:
    """The numbers of `value_rules`. Raises OracleError unless each is there once."""
    if sorted(seed["parameter"]) != sorted(RULES):
        raise OracleError(f"value_rules needs one row for each of {', '.join(RULES)}.")
    rules = {row.parameter: number(row.value, f"value_rules, {row.parameter}") for row in seed.itertuples()}
    return rules | {name: int(rules[name]) for name in WHOLE_RULES}


class Trade(NamedTuple):
    """Ledger lines of purchases and refunds; worth is what each adds to revenue, and a refund takes away.

    lines: customer, day, month, type, is_refund, events, worth. type_roles: the role of each type that has one.
    """

    lines: pd.DataFrame
    type_roles: dict[int, str]


def millionths(amounts: pd.Series) -> np.ndarray:
    """Amounts as whole numbers, 0 for none; without limits (object) where sums might not fit into 64 bits."""
    whole = [0 if pd.isna(value) else int(value.scaleb(6)) for value in amounts]
    fits = len(whole) * max(map(abs, whole), default=0) < 2**62
    return np.array(whole, np.int64 if fits else object)


def sum_by(places: np.ndarray, amounts: np.ndarray, size: int) -> np.ndarray:
    """Sums of whole amounts by place."""
    sums = np.zeros(size, amounts.dtype)
    np.add.at(sums, places, amounts)
    return sums


def gather_trade(timeline: Timeline, panel: Panel, amounts: pd.Series, roles: list[Role]) -> Trade:
    """Sum the amounts of accepted events, which are those of the panel, by customer, day and type."""
    names = {row.event_type: row.role for row in roles if row.role in TRADES}
    type_roles = {number: names[name] for number, name in enumerate(panel.types) if name in names}
    lines = panel.lines[panel.lines["type"].isin(list(type_roles))]
    counts = np.flatnonzero(np.isin(panel.line_of, lines.index))
    sums = sum_by(panel.line_of[counts], millionths(amounts.iloc[counts]), len(panel.lines))[lines.index]
    keys = ["customer", "at", "type"]
    lines = lines.assign(worth=sums).groupby(keys, as_index=False)[["count", "worth"]].sum()
    sums = lines["worth"].to_numpy()
    is_refund = (lines["type"].map(type_roles) == "refund").to_numpy(bool)
    day = lines["at"].to_numpy(np.int64) + int(panel.origin.to_datetime64().astype("datetime64[D]").astype(np.int64))
    return Trade(
        pd.DataFrame(
            {
                "customer": lines["customer"].to_numpy(np.int64),
                "day": day,
                "month": month_numbers(day) - (timeline.months[0] if len(timeline.months) else 0),
                "type": lines["type"].to_numpy(np.int64),
                "is_refund": is_refund,
                "events": lines["count"].to_numpy(np.int64),
                "worth": np.where(is_refund, -np.abs(sums), sums),
            }
        ),
        type_roles,
    )


def money(amounts: np.ndarray) -> pd.Series:
    """Millionths as Decimal."""
    return pd.Series([Decimal(int(amount)).scaleb(-6) for amount in amounts], dtype=object)


def quintiles(goodness: np.ndarray) -> np.ndarray:
    """1 to 5 by rank, 5 for the best; equals share the lowest rank."""
    rank = stats.rankdata(np.unique(goodness, return_inverse=True)[1], method="min").astype(np.int64)
    return 1 + 5 * (rank - 1) // max(len(rank), 1)


def whole(values: np.ndarray, is_given: np.ndarray) -> pd.Series:
    """Whole numbers, null where none is given."""
    return pd.Series(values, dtype="Int64").where(is_given)


def monthly_retention(retention: pd.DataFrame, months: int) -> float:
    """The mean monthly retention of all customers over the last complete months; NaN where nobody was there."""
    own = retention[(retention["segment_dimension"] == "all") & retention["is_complete"]]
    last = own.sort_values("period_start").tail(months)
    return float(over(last["retained"].sum(), last["customers_at_start"].sum()))


def margin_per_month(
    timeline: Timeline, trade: pd.DataFrame, gross_margin: Decimal, months: int
) -> tuple[np.ndarray, np.ndarray]:
    """For each customer the margin of a month, over as many of the last months as it has been known."""
    span = int((months * DAYS_OF_MONTH).quantize(Decimal(1), ROUND_HALF_UP))
    recent = trade[trade["day"] > timeline.as_of - span]
    revenue = sum_by(recent["customer"].to_numpy(), recent["worth"].to_numpy(), len(timeline.customers))
    # Without events and answers data begin nowhere, and nobody has revenue.
    begin = np.maximum(timeline.first_seen, timeline.first_date if timeline.first_date < NEVER else 0)
    known = (timeline.as_of - begin + 1) / float(DAYS_OF_MONTH)
    return float(gross_margin) * revenue.astype(float) / SCALED / np.clip(known, 1, months)


def purchase_history(timeline: Timeline, trade: pd.DataFrame) -> pd.DataFrame:
    """For each customer what its purchases, refunds and purchase days come to."""
    size = len(timeline.customers)
    bought, returned = trade[~trade["is_refund"]], trade[trade["is_refund"]]
    sums = {
        name: sum_by(own["customer"].to_numpy(), own[column].to_numpy(), size)
        for name, own, column in (
            ("purchases", bought, "events"),
            ("refunds", returned, "events"),
            ("gross", bought, "worth"),
            ("returned", returned, "worth"),
        )
    }
    daily = bought.groupby(["customer", "day"])["worth"].sum().reset_index()
    days = daily.groupby("customer")["day"].agg(["size", "min", "max"]).reindex(range(size))
    count = days["size"].fillna(0).to_numpy(np.int64)
    first, last = (days[name].fillna(NEVER).to_numpy(np.int64) for name in ("min", "max"))
    repeats = daily[daily["day"] > first[daily["customer"]]]
    repeated = sum_by(repeats["customer"].to_numpy(), repeats["worth"].to_numpy(), size)
    frequency = np.maximum(count - 1, 0)
    has_any = count > 0
    return pd.DataFrame(
        {
            "customer_id": timeline.customers,
            "purchases": sums["purchases"],
            "refunds": sums["refunds"],
            "gross_revenue": money(sums["gross"]),
            "refunded": money(-sums["returned"]),
            "revenue": money(sums["gross"] + sums["returned"]),
            "purchase_days": count,
            "first_purchase_date": as_times(first),
            "last_purchase_date": as_times(last),
            "recency_days": whole(timeline.as_of - last, has_any),
            "frequency": frequency,
            "repeat_span_days": whole(last - first, has_any),
            "age_days": whole(timeline.as_of - first, has_any),
            "monetary_value": over(repeated.astype(float) / SCALED, frequency),
        }
    )


def add_quintiles(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the quintiles of those who bought something, and the three as one text."""
    has_any = (table["purchase_days"] > 0).to_numpy()
    own = table[has_any]
    goodness = {
        "recency": -own["recency_days"].to_numpy(np.int64),
        "frequency": own["purchase_days"].to_numpy(),
        "monetary": own["revenue"].to_numpy(),
    }
    found = pd.DataFrame({f"{name}_quintile": quintiles(values) for name, values in goodness.items()}, own.index)
    text = found.astype(str).agg("-".join, axis=1) if len(found) else pd.Series(dtype=object)
    # Reindexed as they are: customers without a purchase have neither.
    return table.join(found.astype("Int64")).assign(rfm_segment=text.reindex(table.index))


def purchase_pattern(timeline: Timeline, trade: pd.DataFrame, days: int) -> dict[str, np.ndarray]:
    """The purchases of the last days beside those of as many days before, and who buys more often for less."""
    bought = trade[~trade["is_refund"]]
    columns, amounts = {}, {}
    for name, end in (("recent", timeline.as_of), ("previous", timeline.as_of - days)):
        own = bought[(bought["day"] <= end) & (bought["day"] > end - days)]
        customer = own["customer"].to_numpy()
        columns[f"{name}_purchases"] = sum_by(customer, own["events"].to_numpy(), len(timeline.customers))
        amounts[name] = sum_by(customer, own["worth"].to_numpy(), len(timeline.customers))
    recent, previous = columns["recent_purchases"], columns["previous_purchases"]
    # Multiplied out: two equal means never differ by a last digit.
    is_less = amounts["recent"].astype(object) * previous < amounts["previous"].astype(object) * recent
    is_more_often_smaller = (recent > previous) & (previous > 0) & is_less.astype(bool)
    means = {
        f"{name}_mean_amount": over(amount.astype(float) / SCALED, columns[f"{name}_purchases"])
        for name, amount in amounts.items()
    }
    pattern = np.where(is_more_often_smaller, np.array("more_often_smaller", object), None)
    return {**columns, **means, "purchase_pattern": pattern}


def customer_value(
    timeline: Timeline, trade: pd.DataFrame, costs: pd.Series, retention: pd.DataFrame, rules: dict[str, Decimal | int]
) -> pd.DataFrame:
    """The table `customer_value`; `costs` are those of acquisition."""
    months = rules["clv_months"]
    margin = margin_per_month(timeline, trade, rules["gross_margin"], months)
    discount = (1 + float(rules["annual_discount_rate"])) ** (1 / 12) - 1
    stay = monthly_retention(retention, months)
    clv = margin * clv_multiple(stay, discount)
    clv = np.where(timeline.churned < NEVER, 0.0, clv)
    return add_quintiles(purchase_history(timeline, trade)).assign(
        margin_per_month=margin,
        monthly_retention=float(stay),
        monthly_discount=discount,
        clv=clv,
        clv_per_acquisition_dollar=over(clv, costs.astype(float).fillna(0)),
        **purchase_pattern(timeline, trade, rules["pattern_days"]),
    )


def transaction_types(timeline: Timeline, trade: Trade, panel: Panel) -> pd.DataFrame:
    """The table `transaction_types`."""
    lines = trade.lines
    shape = (len(panel.types), len(timeline.months))
    place = (lines["type"].to_numpy(), lines["month"].to_numpy())
    revenue = sum_by(np.ravel_multi_index(place, shape), lines["worth"].to_numpy(), np.prod(shape)).reshape(shape)
    is_purchase = np.array([trade.type_roles.get(number) == "purchase" for number in range(shape[0])], bool)
    bought = (revenue * is_purchase[:, None]).sum(axis=0)
    kind, month, customer = distinct(type=place[0], month=place[1], customer=lines["customer"].to_numpy())
    ends = (as_times(timeline.last_days()) - panel.origin.to_datetime64()) // np.timedelta64(1, "D")
    has_score, score = panel.has_score[customer, ends[month]], panel.score[customer, ends[month]]
    scored = tally(shape, (kind[has_score], month[has_score]))
    scores = tally(shape, (kind[has_score], month[has_score]), score[has_score])
    transactions = tally(shape, place, lines["events"].to_numpy())
    types, months = np.nonzero(transactions)
    cell = (types, months)
    return pd.DataFrame(
        {
            "event_type": panel.types[types],
            **timeline.period(months),
            "role": np.array([trade.type_roles[number] for number in types], object),
            "transactions": transactions[cell],
            "revenue": money(revenue[cell]),
            "revenue_share": over(revenue[cell].astype(float), bought[months].astype(float)),
            "customers": tally(shape, (kind, month))[cell],
            "scored_customers": scored[cell],
            "mean_engagement_score": over(scores[cell] / SCALED, scored[cell]),
        }
    )


def quadrants(scores: pd.Series, csats: pd.Series, rules: dict[str, Decimal | int]) -> np.ndarray:
    """Where each customer stands between long-term engagement (Decimal) and short-term satisfaction."""
    known = (scores.notna() & csats.notna()).to_numpy()
    engaged = scores.astype(float).to_numpy() >= float(rules["engaged_from"])
    satisfied = csats.astype(float).to_numpy() >= float(rules["satisfied_from"])
    names = ["not known", "engaged and satisfied", "engaged but dissatisfied", "satisfied but fading"]
    return np.select([~known, engaged & satisfied, engaged, satisfied], names, "neither").astype(object)


def build_value(
    timeline: Timeline,
    panel: Panel,
    amounts: pd.Series,
    costs: pd.Series,
    retention: pd.DataFrame,
    roles: list[Role],
    rules: dict[str, Decimal | int],
) -> dict[str, pd.DataFrame]:
    """The tables of value; `amounts` are those of the accepted events, `costs` those of the customers."""
    trade = gather_trade(timeline, panel, amounts, roles)
    return {
        "customer_value": customer_value(timeline, trade.lines, costs, retention, rules),
        "transaction_types": transaction_types(timeline, trade, panel),
    }
