"""Starts the Chromium of this machine: Playwright's own would be one more download."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium: the one that the variable CHROMIUM names, else the first in the path."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(os.environ.get("CHROMIUM") or "chromium"))
        yield browser
        browser.close()


def wait_for(page: Page, condition: str) -> None:
    """Returns when the script `condition` is true. Playwright's own way needs scripts that the page forbids."""
    until = time.monotonic() + 10
    while not page.evaluate(condition):
        assert time.monotonic() < until, f"{condition} is not true within ten seconds"
        page.wait_for_timeout(20)


def wait_for_charts(page: Page) -> None:
    """Returns when each chart that has rows is drawn."""
    wait_for(page, "[...document.querySelectorAll('.chart')].every((chart) => chart.querySelector('svg'))")
