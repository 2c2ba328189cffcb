"""What the browser tests share: the report of WAREHOUSE, its marts, and pages that are watched while they are open."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from chromium import chromium, wait_for_charts
from playwright.sync_api import Browser, Page

from ops.marts import open_marts
from ops.messages import BuildError
from report.data import read
from report.page import page as page_of


@dataclass
class Watched:
    """A page, and what it said or asked for since it was opened."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


Opener = Callable[..., Page]


@pytest.fixture(scope="session")
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        with open_marts(Path(os.environ.get("WAREHOUSE") or "warehouse")) as connection:
            yield connection
    except BuildError as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def tables(marts) -> dict:
    return read(marts)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def open_page(browser, tables, tmp_path) -> Iterator[Opener]:
    """Opens the report, or one of other `tables`, from disk; when the test ends, whatever an opened page logged, asked
    another place for, or put into a dialog fails it."""
    opened: list[Watched] = []

    def opener(of: dict | None = None, **options) -> Page:
        path = tmp_path / f"report-{len(opened)}.html"
        path.write_text(page_of(of or tables), encoding="utf-8")
        options.setdefault("viewport", {"width": 1280, "height": 900})
        context = browser.new_context(**options)
        watched = Watched(context.new_page())
        opened.append(watched)
        watched.page.on("console", lambda message: watched.said.append(f"{message.type}: {message.text}"))
        watched.page.on("pageerror", lambda error: watched.said.append(f"error: {error}"))
        watched.page.on("dialog", lambda dialog: (watched.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        context.on("request", lambda request: watched.asked.append(request.url))
        context.set_offline(True)
        watched.page.goto(path.as_uri())
        wait_for_charts(watched.page)
        return watched.page

    yield opener
    for watched in opened:
        wait_for_charts(watched.page)
        name = watched.page.url.partition("#")[0]
        watched.page.context.close()
        assert watched.said == []
        assert watched.asked == [name]
