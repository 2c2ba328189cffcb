"""Puts the report's tables, charts and scripts into one HTML file."""

import base64
import hashlib
import json
from pathlib import Path

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from report.charts import charts

FOLDER = Path(__file__).parent


def page(tables: dict) -> str:
    """The HTML page of `report.data.read`'s tables. It loads nothing: styles, scripts and rows stand in it."""
    templates = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=select_autoescape(["html"]), undefined=StrictUndefined
    )
    vega = vl_convert.javascript_bundle().replace("</script", "<\\/script")
    script = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in ("tools.js", "page.js"))
    return templates.get_template("page.html").render(
        build=tables["build"],
        style=Markup((FOLDER / "page.css").read_text(encoding="utf-8")),
        # A browser runs these two scripts and no other, whatever text is in the data.
        script_hashes=Markup(f"{digest(vega)} {digest(script)}"),
        vega=Markup(vega),
        script=Markup(script),
        notices=(FOLDER / "notices.txt").read_text(encoding="utf-8"),
        tables=embedded(tables),
        charts=embedded(charts()),
    )


def digest(script: str) -> str:
    """What a content security policy calls a script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def embedded(value: object) -> Markup:
    """JSON that may stand in a script element, whatever texts are in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))
