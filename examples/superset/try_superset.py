"""Tries the marts in Apache Superset while builds publish: `make superset`.

Builds RAW in a folder of its own, for two days in turn so that versions differ. Meanwhile a Superset on loopback, which
reads the link that readers open, is asked for three charts again and again through its REST API. Each answer must be
that of the marts of one version, computed from the file of that version by other means.

Exit codes: 0 no read failed, all figures are those of the marts, and each version was seen; 1 otherwise.
"""

import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from http.cookiejar import CookieJar
from math import isclose
from pathlib import Path

import duckdb

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from ops.publish import SEALED, Warehouse  # noqa: E402 - not installed, but run from its folder

SUPERSET = PROJECT / ".venv-superset" / "bin"
READERS = 2
# The newest day of each build: figures of two days differ.
DAYS = ("2026-05-31", "2026-06-30", "2026-05-31")


def measure(label: str, sql: str) -> dict:
    """A figure of a chart, as Superset keeps those that people write themselves."""
    return {"expressionType": "SQL", "sqlExpression": sql, "label": label}


# Which version an answer is of, and that it is of one.
STAMP = [measure("first_build", "min(build_id)"), measure("last_build", "max(build_id)")]
CHARTS = {
    "NPS by plan and month": {
        "dataset": "survey_scores",
        "columns": ["segment_value", "period_start"],
        "metrics": [
            measure("answers", "sum(counted)"),
            measure("nps", "100.0 * (sum(positives) - sum(negatives)) / sum(counted)"),
        ],
        "filters": {"metric": "nps", "segment_dimension": "plan", "period_grain": "month"},
        "expected": """
            select segment_value, period_start, counted as answers,
                case when counted > 0 then 100 * (positives - negatives) / counted::double end as nps
            from survey_scores
            where metric = 'nps' and segment_dimension = 'plan' and period_grain = 'month'
        """,
    },
    "Mean engagement score by industry and day": {
        "dataset": "segment_engagement",
        "columns": ["segment_value", "score_date"],
        "metrics": [measure("customers", "sum(scored_customers)"), measure("mean_score", "max(mean_score)")],
        "filters": {"segment_dimension": "industry"},
        "expected": """
            select segment_value, score_date, scored_customers as customers, mean_score
            from segment_engagement
            where segment_dimension = 'industry'
        """,
    },
    "Customers and revenue by band of engagement": {
        "dataset": "customer_scores",
        "columns": ["engagement_band"],
        "metrics": [measure("customers", "count(*)"), measure("revenue", "sum(revenue)")],
        "filters": {},
        "expected": """
            select engagement_band, count(*) as customers, sum(revenue) as revenue
            from customer_scores
            group by engagement_band
        """,
    },
}


class Superset:
    """A Superset on loopback, with what it keeps in `home`."""

    def __init__(self, home: Path):
        self.home = home
        self.password = secrets.token_urlsafe()
        self.environment = {
            **os.environ,
            "SUPERSET_HOME": str(home),
            "SUPERSET_CONFIG_PATH": str(Path(__file__).with_name("superset_config.py")),
            "SUPERSET_SECRET_KEY": secrets.token_urlsafe(42),
            "FLASK_APP": "superset.app:create_app()",
        }
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.headers = {"Referer": f"http://127.0.0.1:{self.port}/"}

    def command(self, *arguments: str) -> None:
        """Runs a command of Superset. Raises SystemExit where it fails."""
        done = subprocess.run(
            [SUPERSET / "superset", *arguments], env=self.environment, cwd=self.home, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"superset {arguments[0]} failed:\n{(done.stdout + done.stderr)[-3000:]}")

    def start(self) -> subprocess.Popen:
        """Makes Superset's own database and a user, and returns the server once it answers."""
        self.command("db", "upgrade")
        names = ["--username", "admin", "--firstname", "a", "--lastname", "b", "--email", "a@example.invalid"]
        self.command("fab", "create-admin", *names, "--password", self.password)
        self.command("init")
        with (self.home / "server.log").open("w") as log:
            server = subprocess.Popen(
                [SUPERSET / "superset", "run", "--host", "127.0.0.1", "--port", str(self.port), "--with-threads"],
                env=self.environment,
                cwd=self.home,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        for _ in range(180):
            time.sleep(1)
            if server.poll() is not None:
                break
            try:
                with self.opener.open(f"http://127.0.0.1:{self.port}/health", timeout=10):
                    return server
            except OSError:
                continue
        server.terminate()
        raise SystemExit(f"Superset did not start:\n{(self.home / 'server.log').read_text()[-3000:]}")

    def log_in(self) -> None:
        """Lets later calls be those of the user."""
        user = {"username": "admin", "password": self.password, "provider": "db", "refresh": True}
        token = self.call("POST", "security/login", user)["access_token"]
        self.headers["Authorization"] = f"Bearer {token}"
        self.headers["X-CSRFToken"] = self.call("GET", "security/csrf_token/")["result"]

    def call(self, method: str, path: str, body: dict | None = None) -> dict:
        """What the REST API answers. Raises RuntimeError with its words where that is an error."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers=self.headers | ({} if body is None else {"Content-Type": "application/json"}),
            method=method,
        )
        try:
            with self.opener.open(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()[:1000]}") from error

    def register(self, link: Path) -> dict[str, int]:
        """Makes the database, a dataset for each chart, and the charts. Returns the charts' ids by name."""
        uri = f"duckdb:///{link}?access_mode=READ_ONLY"
        database = self.call("POST", "database/", {"database_name": "customer_scores", "sqlalchemy_uri": uri})["id"]
        charts = {}
        for name, chart in CHARTS.items():
            table = {"database": database, "schema": "main", "table_name": chart["dataset"]}
            dataset = self.call("POST", "dataset/", table)["id"]
            query = {
                "columns": chart["columns"],
                "metrics": [*chart["metrics"], *STAMP],
                "filters": [{"col": column, "op": "==", "val": value} for column, value in chart["filters"].items()],
                "row_limit": 50_000,
            }
            context = {
                "datasource": {"id": dataset, "type": "table"},
                "queries": [query],
                "result_format": "json",
                "result_type": "full",
            }
            body = {"slice_name": name, "viz_type": "table", "datasource_id": dataset, "datasource_type": "table"}
            body |= {"params": json.dumps({"viz_type": "table"}), "query_context": json.dumps(context)}
            charts[name] = self.call("POST", "chart/", body)["id"]
        return charts


class Readings:
    """What the charts have said, compared with the marts of the version that each answer names."""

    def __init__(self, warehouse: Warehouse):
        self.warehouse = warehouse
        self.lock = threading.Lock()
        self.known: dict[str, dict[str, list]] = {}
        self.right: Counter[tuple[str, str]] = Counter()
        self.figures: Counter[str] = Counter()
        self.wrong: list[str] = []

    def read(self, superset: Superset, name: str, chart: int) -> None:
        """Asks for a chart once, and notes whether it has the figures of the marts."""
        try:
            result = superset.call("GET", f"chart/{chart}/data/?force=true")["result"][0]
            problem, build_id, figures = self.judge(name, result["data"])
        except (RuntimeError, OSError, KeyError, duckdb.Error) as error:
            problem, build_id, figures = f"{type(error).__name__}: {error}", "", 0
        with self.lock:
            if problem:
                self.wrong.append(f"{name}: {problem}")
            else:
                self.right[name, build_id] += 1
                self.figures[name] += figures

    def judge(self, name: str, rows: list[dict]) -> tuple[str | None, str, int]:
        """What is wrong with an answer, if anything; the version it is of; and how many figures were compared."""
        builds = {row[column] for row in rows for column in ("first_build", "last_build")}
        if len(builds) != 1:
            return f"it is of {len(builds)} versions: {sorted(builds)}", "", 0
        (build_id,) = builds
        expected = self.expected(build_id)[name]
        columns = [*CHARTS[name]["columns"], *(figure["label"] for figure in CHARTS[name]["metrics"])]
        found = sorted(([comparable(row[column]) for column in columns] for row in rows), key=str)
        if len(found) != len(expected):
            return f"it has {len(found)} rows, and the marts of {build_id} {len(expected)}", build_id, 0
        for own, theirs in zip(expected, found, strict=True):
            if not all(map(same, own, theirs)):
                return f"it has {theirs}, and the marts of {build_id} {own}", build_id, 0
        return None, build_id, len(found) * len(CHARTS[name]["metrics"])

    def expected(self, build_id: str) -> dict[str, list]:
        """The rows of each chart by the marts of a version."""
        with self.lock:
            if build_id not in self.known:
                file = str(self.warehouse.version(build_id))
                with duckdb.connect(file, read_only=True, config=SEALED) as marts:
                    self.known[build_id] = {
                        name: sorted(
                            ([comparable(value) for value in row] for row in marts.sql(chart["expected"]).fetchall()),
                            key=str,
                        )
                        for name, chart in CHARTS.items()
                    }
            return self.known[build_id]


def comparable(value: object) -> object:
    """A value as JSON of Superset has it: days as milliseconds since 1970, decimals as floating point."""
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000
    return float(value) if isinstance(value, int | Decimal) else value


def same(one: object, other: object) -> bool:
    """Whether two values are equal, floating point but for its last digits."""
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)
    return one == other


def build(raw: Path, folder: Path, day: str) -> None:
    """Builds up to a day. Raises SystemExit where that fails."""
    (raw / "settings").mkdir(exist_ok=True)
    (raw / "settings" / "vars.yml").write_text(f"as_of_date: {day}\n")
    command = [sys.executable, "-m", "ops.build", "--raw", str(raw), "--warehouse", str(folder)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"The build up to {day} failed:\n{(done.stdout + done.stderr)[-3000:]}")
    say(f"published {Warehouse(folder).published().parent.name}, up to {day}")


def say(text: str) -> None:
    """Prints a line with the time."""
    print(f"{datetime.now(UTC):%H:%M:%S}  {text}", flush=True)


def main() -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder of raw tables with data up to June 2026")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="customer_scores_superset_") as temporary:
        folder = Path(temporary)
        raw, home = folder / "raw", folder / "superset"
        shutil.copytree(options.raw, raw)
        home.mkdir()
        build(raw, folder / "warehouse", DAYS[0])
        warehouse, superset = Warehouse(folder / "warehouse"), Superset(home)
        server = superset.start()
        try:
            superset.log_in()
            say(f"{_versions()} answers on loopback")
            charts = superset.register(warehouse.link)
            say(f"registered customer_scores.duckdb?access_mode=READ_ONLY, {len(charts)} datasets and as many charts")
            readings = _read_while_building(superset, charts, warehouse, raw)
        finally:
            server.terminate()
            server.wait(30)
    return _report(readings, len(DAYS))


def _versions() -> str:
    code = "from importlib.metadata import version as v; print(*(f'{n} {v(n)}' for n in "
    code += "('apache-superset', 'duckdb-engine', 'duckdb')), sep=', ')"
    return subprocess.run([SUPERSET / "python", "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def _read_while_building(superset: Superset, charts: dict[str, int], warehouse: Warehouse, raw: Path) -> Readings:
    readings, done = Readings(warehouse), threading.Event()
    for name, chart in charts.items():
        readings.read(superset, name, chart)
    if readings.wrong:
        # No need to build for that.
        return readings

    def reader() -> None:
        while not done.is_set():
            for name, chart in charts.items():
                readings.read(superset, name, chart)

    threads = [threading.Thread(target=reader) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        for day in DAYS[1:]:
            build(raw, warehouse.folder, day)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    # Nobody else reads now: what a chart shows is what was published last.
    for name, chart in charts.items():
        readings.read(superset, name, chart)
        if not readings.right[name, warehouse.published().parent.name]:
            readings.wrong.append(f"{name}: it is not of the version that was published last")
    return readings


def _report(readings: Readings, versions: int) -> int:
    for name in CHARTS:
        by_version = {build_id: count for (chart, build_id), count in sorted(readings.right.items()) if chart == name}
        say(
            f"{name}: {sum(by_version.values())} answers, {readings.figures[name]:,} figures, all as in the marts; "
            f"by version: {', '.join(f'{count} of {build_id}' for build_id, count in by_version.items())}"
        )
    for text in readings.wrong[:20]:
        say(f"WRONG  {text}")
    seen = {build_id for _, build_id in readings.right}
    say(f"{len(readings.wrong)} reads failed or were wrong; {len(seen)} of {versions} versions were seen")
    return int(bool(readings.wrong) or len(seen) < versions)


if __name__ == "__main__":
    sys.exit(main())
