"""The report in Chromium: what it shows is what the marts say, everybody can use it, and it runs nothing but itself."""

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from chromium import wait_for

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
ATTACK = """<img src=x onerror="alert('x')"><script>alert(1)</script>"""
QUOTED = """Bed & "Breakfast" 'inn' <b>"""
PHONE = {"width": 360, "height": 780}
FORMULA = re.compile(r"(N) \+ \((N) − (N)\) / \((N) − (N)\) × (N) = (N)".replace("N", r"[\d.,]+"))
SURVEYS = ["nps", "csat", "effort"]


def rows_of(tables: dict, name: str) -> list[dict]:
    return [dict(zip(tables[name]["columns"], row, strict=True)) for row in tables[name]["rows"]]


def shown(value: float | Decimal | None, digits: int = 1) -> str:
    """A figure as the page writes it."""
    if value is None:
        return "–"
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{rounded:,}".replace("-", "−") if rounded else f"{abs(rounded)}"


def choose(page, dimension: str, value: str, grain: str, period: str) -> None:
    page.select_option("#segment", json.dumps([dimension, value], separators=(",", ":")))
    page.select_option("#grain", grain)
    page.select_option("#period", period)


def card(page, name: str) -> str:
    return page.inner_text(f'[data-card="{name}"]')


def figure(page, name: str) -> str:
    return page.inner_text(f'[data-card="{name}"] .figure').split(" ")[0]


def body_rows(page, selector: str) -> list[list[str]]:
    """The texts of a table's body, drawn or hidden."""
    script = "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
    return page.eval_on_selector_all(f"{selector} tbody tr", script)


@pytest.fixture(scope="module")
def cells(marts) -> list[tuple]:
    """A segment and a period of each kind: everybody, small and large ones, one with hidden scores, one of all time."""
    return marts.execute(
        """
        with found as (
            select
                segment_dimension, segment_value, period_grain, period_start::varchar as period_start,
                bool_or(is_suppressed) as hides
            from survey_scores
            where period_grain in ('month', 'quarter', 'all') and metric in ('nps', 'csat', 'effort')
            group by all
        )
        select * exclude hides from found
        qualify 1 = row_number() over (
            partition by segment_dimension, period_grain, hides order by md5(segment_value || period_start)
        )
        order by all
        """
    ).fetchall()


def test_cards_show_the_figures_of_the_marts_whatever_is_chosen(open_page, marts, cells):
    page = open_page()
    hidden = scored = 0
    for cell in cells:
        choose(page, *cell)
        for metric in SURVEYS:
            found = marts.execute(
                """
                select score, ci_low, ci_high, counted, asked, score_change, is_change_significant, is_suppressed
                from survey_scores
                where metric = $1 and segment_dimension = $2 and segment_value = $3 and period_grain = $4
                    and period_start = $5
                """,
                [metric, *cell],
            ).fetchall()
            text = card(page, metric)
            if not found:
                assert "Nobody was asked" in text, cell
                continue
            score, low, high, counted, asked, change, is_told, is_suppressed = found[0]
            if is_suppressed:
                hidden += 1
                assert "hidden" in text and "Hidden: so few answers" in text and not re.search(r"\d", text), cell
            elif score is None:
                assert "Nobody answered" in text and not re.search(r"\d", text), cell
            else:
                scored += 1
                assert figure(page, metric) == shown(score), cell
                assert f"interval {shown(low)} to {shown(high)}" in text, cell
                assert f"{counted:,} answers, {asked:,} asked" in text, cell
                if change is None:
                    assert "noise" not in text, cell
                else:
                    words = "more than noise" if is_told else "may be noise"
                    assert f"{'+' if change > 0 else ''}{shown(change)}: {words}" in text, cell
    assert hidden and scored > 10


def test_engagement_is_that_of_the_last_day_of_the_period(open_page, marts, cells):
    page = open_page()
    for dimension, value, grain, period in cells:
        choose(page, dimension, value, grain, period)
        (mean, customers, day), *_ = marts.execute(
            """
            select mean_score, scored_customers, score_date from segment_engagement
            where segment_dimension = $1 and segment_value = $2 and score_date = (
                select least(max(period_end), max(as_of_date)) from survey_scores
                where period_grain = $3 and period_start = $4
            )
            """,
            [dimension, value, grain, period],
        ).fetchall() or [(None, 0, None)]
        text = card(page, "engagement")
        if mean is None:
            assert "Nobody had a score" in text
        else:
            assert figure(page, "engagement") == shown(mean), (dimension, value, period)
            assert f"{customers:,} customers with a score on {day.day} {day:%b}" in text.replace("Sept", "Sep")


def test_charts_and_the_tables_below_them_follow_the_filters(open_page, marts):
    page = open_page()
    for dimension, value in marts.execute(
        "select distinct segment_dimension, segment_value from survey_scores where segment_dimension = 'plan' or "
        "segment_dimension = 'all' order by all"
    ).fetchall():
        choose(page, dimension, value, "quarter", "2026-04-01")
        for metric in SURVEYS:
            expected = marts.execute(
                """
                select score, ci_low, ci_high, counted from survey_scores
                where metric = $1 and segment_dimension = $2 and segment_value = $3 and period_grain = 'quarter'
                    and not is_suppressed and score is not null
                order by period_start
                """,
                [metric, dimension, value],
            ).fetchall()
            figures = f'figure[data-chart="{metric}"]'
            rows = body_rows(page, figures)
            assert [row[1:5] for row in rows] == [
                [shown(score), shown(low), shown(high), f"{counted:,}"] for score, low, high, counted in expected
            ]
            # One dot for each, and nothing that does not stand in the table.
            wait_for(page, f"document.querySelectorAll('{figures} .mark-symbol path').length === {len(rows)}")
        retention = marts.execute(
            """
            select retention_rate, customers_at_start from retention
            where segment_dimension = $1 and segment_value = $2 and is_complete and retention_rate is not null
            order by period_start
            """,
            [dimension, value],
        ).fetchall()
        assert [(row[1], row[4]) for row in body_rows(page, 'figure[data-chart="retention"]')] == [
            (f"{shown(rate * 100)} %", f"{customers:,}") for rate, customers in retention
        ]


def test_hidden_cells_are_in_no_table(open_page, marts, tables):
    page = open_page()
    page.select_option("#grain", "month")
    hidden = [row for row in rows_of(tables, "surveys") if row["is_suppressed"] and row["period_grain"] == "month"]
    row = hidden[0]
    choose(page, row["segment_dimension"], row["segment_value"], "month", row["period_start"])
    place = list(SURVEYS).index(row["metric"]) + 2
    (line,) = [
        line
        for line in body_rows(page, "#segments-now")
        if line[0] == f"{row['segment_dimension']}: {row['segment_value']}"
    ]
    assert line[place] == "hidden"


def test_receipts_of_a_customer_add_up(open_page, marts):
    page = open_page()
    customers = marts.execute(
        """
        select customer_id, points, engagement_score, points_change from customer_scores
        where score_date = as_of_date and engagement_score is not null
        qualify row_number() over (order by points desc) <= 3 or row_number() over (order by md5(customer_id)) <= 20
        """
    ).fetchall()
    assert len(customers) > 15
    for customer, points, score, change in customers:
        page.fill("#customer", customer)
        text = page.inner_text("#receipt")
        assert f"{customer} scores {shown(score)}:" in text
        lines = body_rows(page, "#receipt .panel:nth-child(1)")
        assert [(line[0], number(line[1]), number(line[2]), number(line[3])) for line in lines] == [
            (name.replace("_", " "), count, weight, earned)
            for name, count, weight, earned in marts.execute(
                """
                select event_type, event_count, weight, points from fct_engagement_contributions
                where customer_id = $1 and score_date = (select max(as_of_date) from customer_scores)
                order by points desc, event_type, weight
                """,
                [customer],
            ).fetchall()
        ]
        assert sum((number(line[3]) for line in lines), Decimal(0)) == points
        assert "exactly" in page.inner_text("#sum")
        if change is not None:
            moved = body_rows(page, "#receipt .panel:nth-child(2)")
            assert sum((number(line[2]) for line in moved), Decimal(0)) == change
            assert "exactly" in page.inner_text("#change-sum")


def test_the_sentence_on_the_scale_gives_the_score(open_page, marts):
    page = open_page()
    for customer, score in marts.execute(
        """
        select customer_id, engagement_score from customer_scores
        where score_date = as_of_date and engagement_score > 1 and engagement_score < 100
        qualify row_number() over (order by md5(customer_id)) <= 20
        """
    ).fetchall():
        page.fill("#customer", customer)
        text = page.inner_text(".formula")
        sum_ = FORMULA.search(text).groups()
        low, points, start, end, start_again, more, said = (number(part.rstrip(".")) for part in sum_)
        assert start == start_again
        assert low + (points - start) / (end - start) * more == pytest.approx(score, abs=Decimal("0.00001"))
        assert shown(score, 2) == shown(said, 2)


def number(text: str) -> Decimal | None:
    return None if text == "–" else Decimal(text.replace("−", "-").replace(",", "").replace("+", ""))


def test_customers_without_a_score_have_a_reason_and_no_figure(open_page, marts):
    page = open_page()
    reasons = {"too_new": "no score yet", "never_active": "never done anything", "churned": "has left"}
    for status, reason in reasons.items():
        (customer,), *_ = marts.execute(
            "select customer_id from customer_scores where engagement_status = $1 and score_date < as_of_date is "
            "distinct from ($1 <> 'churned') order by customer_id limit 1",
            [status],
        ).fetchall()
        page.fill("#customer", customer)
        assert reason in page.inner_text("#receipt .answer")
        assert "scores" not in page.inner_text("#receipt .answer")
    page.fill("#customer", "nobody of this name")
    assert page.inner_text("#receipt") == "No customer of this name is in the page."


def test_a_list_sorts_by_each_head_and_names_its_evidence(open_page, marts):
    page = open_page()
    page.select_option("#signal", "churn_risk")
    more = page.locator("#signal-list .more")
    if more.count():
        more.click()
    expected = marts.execute(
        "select customer_id, days_since_last_event from customer_signals where signal = 'churn_risk'"
    ).fetchall()
    heads = page.eval_on_selector_all("#signal-list thead th", "(heads) => heads.map((head) => head.textContent)")
    place = heads.index("days since last event")
    head = page.get_by_role("button", name="days since last event")
    for direction in ("descending", "ascending"):
        head.click()
        assert page.get_attribute(f"#signal-list thead th:nth-child({place + 1})", "aria-sort") == direction
        rows = body_rows(page, "#signal-list")
        assert sorted((row[0], row[place]) for row in rows) == sorted((name, str(days)) for name, days in expected)
        days = [int(row[place]) for row in rows]
        assert days == sorted(days, reverse=direction == "descending")


def test_why_leads_from_a_list_to_the_receipt(open_page):
    page = open_page()
    button = page.locator("#fallen td button").first
    name = body_rows(page, "#fallen")[0][0]
    button.focus()
    page.keyboard.press("Enter")
    assert page.input_value("#customer") == name
    assert page.evaluate("document.activeElement.id") == "customer"
    assert page.inner_text("#receipt .answer").startswith(name)


def test_the_keyboard_reaches_everything(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "overview"
    page.focus("#segment")
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#chosen").split(",")[0] != "all customers"
    # Nothing that can be clicked is out of the order of focus, and focus is seen.
    unreachable = "(all) => all.filter((one) => one.tabIndex < 0).map((one) => one.outerHTML)"
    assert page.eval_on_selector_all("a, button, select, input, summary, .scroll", unreachable) == []
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 900}, PHONE], ids=["desk", "phone"])
def test_axe_finds_no_serious_violation(open_page, scheme, viewport):
    # The page's policy forbids scripts that are not its own; axe is one, and the policy has a test of its own.
    page = open_page(color_scheme=scheme, viewport=viewport, bypass_csp=True)
    page.eval_on_selector_all("details", "(all) => all.forEach((one) => { one.open = true; })")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert len(found["passes"]) > 20
    assert [
        (one["id"], one["impact"], [node["html"][:200] for node in one["nodes"]][:3])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ] == []


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_no_width_makes_the_page_scroll_sideways(open_page, width):
    page = open_page(viewport={"width": width, "height": 780})
    page.eval_on_selector_all("details", "(all) => all.forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_and_paper_have_colours_of_their_own(open_page):
    page = open_page(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    mark = """getComputedStyle(document.querySelector('figure[data-chart="nps"] .mark-symbol path')).fill"""
    dark = page.evaluate(ground), page.evaluate(mark)
    page.emulate_media(media="print")
    paper = page.evaluate(ground), page.evaluate(mark)
    assert paper == ("rgb(255, 255, 255)", "rgb(0, 114, 178)")
    assert dark[0] != paper[0] and dark[1] != paper[1]
    assert not page.is_visible("nav")
    # As wide as A4 with its margins.
    page.set_viewport_size({"width": 720, "height": 1000})
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    assert page.pdf().startswith(b"%PDF")


def test_names_from_the_data_are_text_wherever_they_stand(open_page, tables):
    customer = "cust-0187" if "cust-0187" in str(tables["customers"]["rows"]) else tables["customers"]["rows"][0][0]
    text = json.dumps(tables).replace(f'"{customer}"', json.dumps(ATTACK))
    for name in ("enterprise", "feature_used", "support", "events"):
        text = text.replace(f'"{name}"', json.dumps(QUOTED + name))
    page = open_page(json.loads(text))
    page.fill("#customer", ATTACK)
    assert page.inner_text("#receipt .answer").startswith(ATTACK)
    choose(page, "plan", f"{QUOTED}enterprise", "quarter", "2026-04-01")
    assert f"plan: {QUOTED}enterprise" in page.inner_text("#chosen")
    for signal in page.eval_on_selector_all("#signal option", "(all) => all.map((one) => one.value)"):
        page.select_option("#signal", signal)
    assert page.locator("b, img, main script").count() == 0
    # Charts too: as text in them.
    assert QUOTED.split("<")[0] in page.text_content('figure[data-chart="bands"] svg')


def test_a_script_that_is_not_the_pages_own_is_not_run(open_page, browser, tables, tmp_path):
    page = open_page()
    html = page.content()
    assert "unsafe-eval" not in html and "script-src 'sha256-" in html
    page = browser.new_page()
    (tmp_path / "altered.html").write_text(html.replace("</body>", "<script>document.title = 'run'</script></body>"))
    page.goto((tmp_path / "altered.html").as_uri())
    assert page.title() != "run"
    page.close()


EMPTY = {"columns": [], "rows": []}
OF_SURVEYS = ["surveys", "experience", "response", "bias", "themes", "theme_scores", "low_answers", "drivers"]


@pytest.mark.parametrize("kept", ["events", "surveys", "nothing"])
def test_what_a_company_has_no_data_for_is_a_sentence(open_page, tables, kept):
    gone = {
        "events": OF_SURVEYS,
        "surveys": [name for name in tables if name not in (*OF_SURVEYS, "build", "segments")],
        "nothing": [name for name in tables if name != "build"],
    }[kept]
    page = open_page({**tables, **{name: EMPTY for name in gone}})
    text = page.inner_text("main")
    assert "undefined" not in text and "NaN" not in text and "null" not in text
    for empty in page.query_selector_all("figure, .panel"):
        words = empty.inner_text().split("\n", 1)
        assert len(words) == 2 and words[1].strip(), words
    if kept != "events":
        assert "Nobody had a score" in card(page, "engagement")
    if kept != "surveys":
        assert "Nobody was asked" in card(page, "nps")


def test_the_file_is_that_of_the_marts(open_page, tables, marts):
    page = open_page()
    (build_id, as_of_date), *_ = marts.execute("select distinct build_id, as_of_date from customer_scores").fetchall()
    assert f"As of {as_of_date}" in page.inner_text("header") and build_id in page.inner_text("header")
