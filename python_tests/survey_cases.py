"""Random companies that ask a few people over eight months: so few that many cells are too small to be shown."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
from histories import write_parquet
from hypothesis import strategies as st

FIRST_DAY = dt.date(2026, 1, 5)
DAYS = 245
# Before and after midnight in the second zone.
TIMES = [dt.time(9), dt.time(9), dt.time(20)]
QUESTIONS = {"nps": (0, 10), "csat": (1, 5), "support_csat": (1, 5), "effort": (1, 7), "empathy": (1, 5)}
# What is asked in one company; latest answers, every answer, two questions of one metric.
CATALOGUES = [("nps",), ("csat", "support_csat"), ("nps", "csat"), ("empathy", "effort")]
PLANS = [None, "free", "pro", "Pro"]
REGIONS = ["east", "west", None]
RESPONDENTS = [None, "u1", "u1", "u2"]
LAGS = [0, 0, 0, 1, 3, 20, 70]
KINDS = ["answered"] * 12 + ["no answer", "no answer", "not asked", "comment", "out of range"]

# Few, since the project is compiled once for each.
SETTINGS = [
    {"min_answers": 5, "reporting_timezone": "UTC", "segment_columns": ["plan", "region"], "max_rejected_share": 1.0},
    {
        "min_answers": 3,
        "reporting_timezone": "Asia/Tokyo",
        "segment_columns": ["plan", "region"],
        "max_rejected_share": 1.0,
    },
]
BENCHMARKS = pd.DataFrame(
    [
        ("csat", "all", "all", "75", "85", "benchmark", "an industry"),
        ("csat", "plan", "free", "", "60.5", "benchmark", "another industry"),
        ("csat", "plan", "pro", "90", "", "target", "the board"),
        ("nps", "region", "west", "0", "0", "target", "the board"),
        ("effort", "all", "all", "5", "6.25", "target", "the board"),
        ("effort", "region", "unknown", "1", "2", "target", "the board"),
    ],
    columns=["metric", "segment_dimension", "segment_value", "low", "high", "kind", "source"],
    dtype=str,
)


@dataclass(frozen=True)
class Answer:
    """A row of the raw table `survey_answers`."""

    answer_id: str
    customer_id: str
    respondent_id: str | None
    question: str
    sent_at: dt.datetime | None
    answered_at: dt.datetime | None
    score: int | None
    comment: str | None = None


@dataclass(frozen=True)
class Version:
    """A row of the raw table `customers`."""

    customer_id: str
    updated_at: dt.datetime
    plan: str | None
    region: str | None


@dataclass(frozen=True)
class Company:
    """What a build finds; with the attributes that a Warehouse asks for."""

    setting: int
    answers: tuple[Answer, ...]
    versions: tuple[Version, ...]
    as_of_date: dt.date | None = None
    kill: None = None

    @property
    def vars(self) -> dict:
        """The dbt vars of its build."""
        return {**SETTINGS[self.setting], "as_of_date": None if self.as_of_date is None else str(self.as_of_date)}

    @property
    def seeds(self) -> dict[str, pd.DataFrame]:
        """The seeds that differ from the project's, as text."""
        return {"benchmarks": BENCHMARKS}


def answer(place: int, customer: int, respondent: int, question: str, day: int, lag: int, kind: int, points: int):
    """An answer made of small whole numbers, which any generator can draw."""
    low, high = QUESTIONS[question]
    sent = dt.datetime.combine(FIRST_DAY + dt.timedelta(day), TIMES[points % 3])
    answered = sent + dt.timedelta(LAGS[lag])
    kind = KINDS[kind]
    score = {"answered": low + points % (high - low + 1), "not asked": high, "out of range": high + 1}.get(kind)
    return Answer(
        # So that the order of ids is not that of rows.
        f"a{place * 7919 % 10_007}",
        f"c{customer}",
        RESPONDENTS[respondent],
        question,
        None if kind in ("not asked", "comment") else sent,
        None if kind == "no answer" else answered,
        score,
        "no score" if kind == "comment" else None,
    )


# Limits (exclusive) of what makes an answer: customer, respondent, question, day, lag, kind, points.
LIMITS = (7, len(RESPONDENTS), 2, DAYS, len(LAGS), len(KINDS), 11)
VERSION_LIMITS = (7, DAYS, len(PLANS), len(REGIONS))


def company(setting: int, catalogue: int, answers: list[tuple], versions: list[tuple], today: int | None) -> Company:
    """A company from numbers within LIMITS and VERSION_LIMITS; `today` is a day, None for the last of the data."""
    questions = CATALOGUES[catalogue]
    rows = tuple(
        answer(place, who, respondent, questions[question % len(questions)], *rest)
        for place, (who, respondent, question, *rest) in enumerate(answers)
    )
    changes = {
        (who, day): Version(
            f"c{who}", dt.datetime.combine(FIRST_DAY, TIMES[0]) + dt.timedelta(day), PLANS[p], REGIONS[r]
        )
        for who, day, p, r in versions
    }
    as_of_date = None if today is None else FIRST_DAY + dt.timedelta(today)
    return Company(setting, rows, tuple(changes.values()), as_of_date)


def numbers(limits: tuple[int, ...]) -> st.SearchStrategy:
    """Tuples of whole numbers below the limits."""
    return st.tuples(*(st.integers(0, limit - 1) for limit in limits))


@st.composite
def companies(draw) -> Company:
    """A company that put some questions."""
    count = draw(st.integers(1, 110))
    return company(
        draw(st.integers(0, len(SETTINGS) - 1)),
        draw(st.integers(0, len(CATALOGUES) - 1)),
        draw(st.lists(numbers(LIMITS), min_size=count, max_size=count)),
        draw(st.lists(numbers(VERSION_LIMITS), max_size=14)),
        draw(st.one_of(st.none(), st.none(), st.integers(100, DAYS + 20))),
    )


def write_company(one: Company, folder: Path) -> None:
    """Writes the raw folder of a company."""
    folder.mkdir(parents=True)
    text, time = pa.string(), pa.timestamp("us")
    answer = dict.fromkeys(["answer_id", "customer_id", "respondent_id", "question", "comment"], text)
    answer |= {"sent_at": time, "answered_at": time, "score": pa.int64()}
    write_parquet(one.answers, answer, folder / "survey_answers.parquet")
    if one.versions:
        version = {"customer_id": text, "updated_at": time, "plan": text, "region": text}
        write_parquet(one.versions, version, folder / "customers.parquet")
