"""Settings and seeds of a build, as the oracle understands them."""

import datetime as dt
import unicodedata
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
import yaml

SEED_FOLDER = Path(__file__).resolve().parents[2] / "seeds"

DEFAULTS = {
    "segment_columns": ["plan", "industry", "region"],
    "reporting_timezone": "UTC",
    "as_of_date": None,
    "score_window_days": 28,
    "score_half_life_days": None,
    "min_answers": 5,
    "max_rejected_share": 0.05,
    "max_customer_day_events": 1_000_000,
    "dedup_lookback_days": 30,
    "session_gap_minutes": 30,
    "python_models": True,
    "publish_comments": False,
}

TRIMMED = " \t\r\n\u00a0\0"


class OracleError(ValueError):
    """The input is one that must stop a build before anything is published."""


class Weight(NamedTuple):
    """A row of `event_weights`; the days are inclusive, None is open."""

    event_type: str
    weight: Decimal
    valid_from: dt.date | None
    valid_to: dt.date | None
    reason: str | None


@lru_cache(100_000)
def trimmed(value: str | None) -> str | None:
    """Text without spaces, tabs, line ends and NUL characters around it; None where nothing is left."""
    return None if value is None else value.strip(TRIMMED) or None


@lru_cache(100_000)
def clean_text(value: str | None) -> str | None:
    """Trimmed text without NUL characters anywhere, in Unicode form NFC; None where nothing is left."""
    text = None if value is None else trimmed(value.replace("\0", ""))
    return text if text is None or text.isascii() else unicodedata.normalize("NFC", text)


def load_settings(raw_folder: Path, overrides: dict | None = None) -> dict:
    """The defaults, then the folder's `settings/vars.yml`, then `overrides`.

    Raises OracleError for a setting that does not exist or has an impossible value.
    """
    settings = dict(DEFAULTS)
    path = Path(raw_folder) / "settings" / "vars.yml"
    for given in ((yaml.safe_load(path.read_text()) or {}) if path.exists() else {}, overrides or {}):
        unknown = sorted(set(given) - set(DEFAULTS))
        if unknown:
            raise OracleError(f"There is no setting named {', '.join(unknown)}; use one of {', '.join(DEFAULTS)}.")
        settings.update(given)
    if isinstance(settings["as_of_date"], str):
        settings["as_of_date"] = dt.date.fromisoformat(settings["as_of_date"])
    if settings["score_half_life_days"] is not None:
        settings["score_half_life_days"] = Decimal(str(settings["score_half_life_days"]))
        if settings["score_half_life_days"] <= 0:
            raise OracleError("score_half_life_days must be greater than 0.")
    try:
        ZoneInfo(settings["reporting_timezone"])
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise OracleError(f"reporting_timezone: there is no zone {settings['reporting_timezone']!r}.") from error
    return settings


def load_seeds(raw_folder: Path, replaced: dict[str, pd.DataFrame] | None = None) -> dict[str, pd.DataFrame]:
    """The project's seeds as text, blank where empty, with the raw folder's own rows laid over them (D34).

    `replaced` gives whole seeds to use instead of the project's; the folder's rows are laid over these too.
    """
    seeds = dict(project_seeds())
    for name, frame in (replaced or {}).items():
        seeds[name] = frame.map(lambda value: "" if pd.isna(value) else str(value))
    for path in sorted((Path(raw_folder) / "settings").glob("*.csv")):
        if path.stem not in seeds:
            raise OracleError(f"{path}: there is no seed named {path.stem}; use one of {', '.join(seeds)}.")
        seed, own = seeds[path.stem], read_seed(path)
        if set(own.columns) != set(seed.columns):
            raise OracleError(f"{path}: the columns must be {', '.join(seed.columns)}.")
        key = seed.columns[0]
        kept = seed[~seed[key].isin(set(own[key]))]
        seeds[path.stem] = pd.concat([kept, own[seed.columns]], ignore_index=True)
    return seeds


@cache
def project_seeds() -> dict[str, pd.DataFrame]:
    """The project's own seeds, read once in a process; nobody may change these frames."""
    return {path.stem: read_seed(path) for path in sorted(SEED_FOLDER.glob("*.csv"))}


def read_seed(path: Path) -> pd.DataFrame:
    """A seed file as text, blank where empty."""
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig").map(str.strip)


def number(text: str, where: str) -> Decimal:
    """A number of a seed. Raises OracleError, naming the place, where it is none."""
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise OracleError(f"{where}: {text!r} is not a number.") from error
    if not value.is_finite():
        raise OracleError(f"{where}: {text!r} is not a number.")
    return value


def six_places(value: Decimal) -> Decimal:
    """A number as DECIMAL(18,6) holds it: rounded half away from zero."""
    return value.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def weights(seed: pd.DataFrame) -> list[Weight]:
    """The rows of `event_weights` by event type and start. Raises OracleError where validities overlap."""
    rows = []
    for row in seed.itertuples():
        days = [dt.date.fromisoformat(text[:10]) if text else None for text in (row.valid_from, row.valid_to)]
        value = number(row.weight, f"event_weights, {row.event_type}")
        if value != round(value, 6):
            raise OracleError(f"event_weights, {row.event_type}: a weight has at most six decimals.")
        rows.append(Weight(clean_text(row.event_type), value, *days, row.reason or None))
    rows.sort(key=lambda row: (row.event_type, row.valid_from or dt.date.min))
    for row in rows:
        if row.valid_from and row.valid_to and row.valid_to < row.valid_from:
            raise OracleError(f"event_weights, {row.event_type}: valid_to is before valid_from.")
    for one, following in pairwise(rows):
        still_valid = one.valid_to is None or one.valid_to >= (following.valid_from or dt.date.min)
        if one.event_type == following.event_type and still_valid:
            raise OracleError(f"event_weights, {one.event_type}: two weights are valid on the same day.")
    return rows


def band_edges(seed: pd.DataFrame, metric: str) -> tuple[list[float], list[str]]:
    """Lower edges, rising, and names of the bands of one metric."""
    rows = seed[seed["metric"] == metric]
    pairs = sorted(
        (float(number(edge, f"score_bands, {metric}")), band)
        for edge, band in zip(rows["lower_edge"], rows["band"], strict=True)
    )
    return [edge for edge, _ in pairs], [band for _, band in pairs]
