"""What tests of the examples of a schedule share: a company of three events, and one whose file has lost a column."""

from pathlib import Path

import pytest

EVENTS = """\
event_id,customer_id,event_type,occurred_at,loaded_at
e1,c1,login,2026-01-01 10:00,2026-01-01 11:00
e2,c1,purchase,2026-01-20 10:00,2026-01-20 11:00
e3,c2,login,2026-02-10 10:00,2026-02-10 11:00
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Holds the company's raw folder `raw`, and will hold its `warehouse`; builds of a schedule use them."""
    folder = tmp_path_factory.mktemp("schedule")
    (folder / "raw").mkdir()
    (folder / "raw" / "events.csv").write_text(EVENTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUSTOMER_SCORES_RAW", str(folder / "raw"))
        patch.setenv("CUSTOMER_SCORES_WAREHOUSE", str(folder / "warehouse"))
        yield folder


@pytest.fixture
def readers_see(folder):
    """The file that readers open now, as a function."""
    return lambda: (folder / "warehouse" / "customer_scores.duckdb").resolve()


@pytest.fixture
def lose_a_column(folder):
    """Takes a column of the events away, as a function: no build accepts them then."""
    return lambda: (folder / "raw" / "events.csv").write_text(EVENTS.replace("occurred_at", "happened"))
