"""Writes docs/report.png, parts of the report in Chromium: `make report-picture`.

Exit codes: 0 written; 1 there are no marts, with a sentence; 2 wrong usage.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from chromium import chromium, wait_for_charts

from report.__main__ import main as write_report

OUT = Path(__file__).resolve().parents[2] / "docs" / "report.png"
SIZE = {"width": 1240, "height": 900}
LEFT_OUT = "#overview > h3, #segments-now, #engagement .wide, #engagement .three"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warehouse", required=True, help="folder in which the marts are published")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        if code := write_report(["--warehouse", options.warehouse, "--out", str(report)]):
            return code
        with chromium() as browser:
            page = browser.new_page(viewport=SIZE)
            page.goto(report.as_uri())
            # What a reader sees first, and why a customer has its score; not what lies between.
            page.add_style_tag(content=f"{LEFT_OUT} {{ display: none; }} .bar-top {{ position: static; }}")
            wait_for_charts(page)
            end = page.evaluate("document.querySelector('#explain').getBoundingClientRect().bottom + 24")
            page.screenshot(path=OUT, full_page=True, clip={"x": 0, "y": 0, "width": SIZE["width"], "height": end})
    print(f"Written {OUT}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
