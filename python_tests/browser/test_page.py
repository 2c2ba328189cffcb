"""The report in a real browser (`make test-report`): needs Chromium, REPORT, a page, and MARTS, which it shows."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

PAGE = Path(os.environ["REPORT"]).resolve().as_uri()
MARTS = os.environ["MARTS"]
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1200, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "There is no Chromium on this machine: install it (Debian: apt-get install chromium)."
    with sync_playwright() as playwright:
        # As root, as in a container, Chromium has no sandbox to run in; it opens one file that the test made.
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(params=["light", "dark"])
def page(browser, request) -> Iterator[Page]:
    """The page, opened; what it writes to the console or asks the network for fails the test."""
    context = browser.new_context(viewport=DESK, color_scheme=request.param, bypass_csp=True)
    page, complaints = context.new_page(), []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: complaints.append(asked.url) if asked.url != PAGE else None)
    page.goto(PAGE)
    page.wait_for_selector("figure[data-chart=calibration] svg")
    yield page
    context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(MARTS, read_only=True) as connection:
        yield connection


def test_the_page_opens_without_a_complaint(page):
    assert page.locator("#cards .card").count() == 5
    assert page.locator("figure svg").count() == page.locator("figure").count() == 11


def test_filters_show_the_figures_of_the_marts(page, marts):
    page.select_option("#segment", '["plan","pro"]')
    names = {"nps": "NPS", "csat": "CSAT", "effort": "Effort"}
    for grain, start in (("month", "2026-05-01"), ("quarter", "2026-04-01")):
        page.select_option("#grain", grain)
        page.select_option("#period", start)
        scores = marts.execute(
            """
            select metric, score, is_suppressed from survey_scores
            where segment_dimension = 'plan' and segment_value = 'pro'
                and period_grain = $grain and period_start = $start and metric in ('nps', 'csat', 'effort')
            """,
            {"grain": grain, "start": start},
        ).fetchall()
        assert len(scores) == len(names)
        for metric, score, is_suppressed in scores:
            shown = page.locator(f'[data-card="{names[metric]}"] .figure').inner_text()
            assert shown == "hidden" if is_suppressed else float(shown) == pytest.approx(score, abs=0.0501), metric
    ((mean,),) = marts.execute("""
        select mean_score from segment_engagement
        where segment_dimension = 'plan' and segment_value = 'pro' and score_date = as_of_date
    """).fetchall()
    assert float(page.locator('[data-card="Engagement"] .figure').inner_text()) == pytest.approx(mean, abs=0.0501)


def test_a_customer_s_receipt_sums_to_the_points_of_the_marts(page, marts):
    # The one with most different lines.
    ((customer, points, lines),) = marts.execute("""
        select customer_id, any_value(scores.points), count(*) from fct_engagement_contributions as receipts
        inner join customer_scores as scores using (customer_id, score_date)
        where score_date = (select max(as_of_date) from customer_scores)
        group by customer_id order by count(*) desc, customer_id limit 1
    """).fetchall()
    page.fill("#customer", customer)
    assert int(page.locator("#sum").get_attribute("data-sum")) == points * 1_000_000
    assert "exactly" in page.locator("#sum").inner_text()
    assert page.locator("#receipt tbody tr").count() == lines
    page.fill("#customer", "nobody")
    assert "No customer" in page.locator("#receipt").inner_text()


def test_a_head_sorts_a_list_with_the_keyboard(page):
    head = page.locator("#signal-list th button").filter(has_text="strength")
    for expected in ("descending", "ascending"):
        head.focus()
        page.keyboard.press("Enter")
        assert page.locator("#signal-list th[aria-sort]").get_attribute("aria-sort") == expected
        column = [
            float(cell.replace(",", ""))
            for cell in page.locator("#signal-list tbody td:nth-child(2)").all_inner_texts()
        ]
        assert column == sorted(column, reverse=expected == "descending")


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_no_barrier(page, viewport):
    page.set_viewport_size(viewport)
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then((result) => result.violations)")
    assert [
        f"{violation['id']}: {violation['help']} ({node['html'][:100]})"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"][:3]
    ] == []


def test_a_phone_need_not_scroll_sideways(page):
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
