"""Freezing a scale: what is printed can be saved as a settings file, and what must not become one is refused."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from real_data import REPOSITORY

from ops.freeze_scale import main
from ops.publish import Warehouse
from ops.settings import merge_seeds, seed_types

POPULATION = {"population-2025-06-30": {0: 1, 26: 50, "134.500000": 90, 439: 100}}
FROZEN = {"first, 2024": {0: 1, 50: 100}, "frozen-2025-01-01": {0: 1, "0.000001": 50, 180: 100}}
BANDS = {"kept": ("low", "low", 30, 40), "rises": ("low", "high", 30, 80), "falls": ("high", "low", 80, 30)}


def publish(folder: Path, scales: dict, bands: dict = BANDS) -> Path:
    """A warehouse of one published build with those scales, of which the first stands for the one in use."""
    warehouse = Warehouse(folder)
    warehouse.prepare()
    in_use = max((name for name in scales if not name.startswith("population-")), default="population-2025-06-30")
    with duckdb.connect(str(warehouse.building)) as marts:
        marts.execute("""
            create table engagement_scales (
                scale_version varchar, points decimal(18, 6), score decimal(9, 6), is_in_use boolean, as_of_date date
            );
            create table scale_effects (
                customer_id varchar, scale_version varchar, engagement_score decimal(9, 6), engagement_band varchar,
                is_in_use boolean
            );
        """)
        for name, cuts in scales.items():
            for points, score in reversed(cuts.items()):
                marts.execute(
                    "insert into engagement_scales values ($1, $2::varchar, $3, $4, date '2025-06-30')",
                    [name, str(points), score, name == in_use],
                )
            for customer, (used, population, used_score, population_score) in bands.items():
                is_population = name.startswith("population-") and name != in_use
                band, score = (population, population_score) if is_population else (used, used_score)
                marts.execute(
                    "insert into scale_effects values ($1, $2, $3, $4, $5)",
                    [customer, name, score, band, name == in_use],
                )
    warehouse.publish("20250701T000000Z-000000")
    return folder


def freeze(capsys, folder: Path, *options: str) -> tuple[int, list[list[str]], str]:
    """Exit code, the rows printed on stdout, and stderr."""
    code = main(["--warehouse", str(folder), *options])
    printed = capsys.readouterr()
    return code, list(csv.reader(io.StringIO(printed.out))), printed.err


def test_the_population_s_cut_points_become_a_version_named_after_the_day(tmp_path, capsys):
    code, rows, notes = freeze(capsys, publish(tmp_path, POPULATION))
    assert code == 0
    assert rows == [
        ["scale_version", "points", "score"],
        ["frozen-2025-06-30", "0", "1"],
        ["frozen-2025-06-30", "26", "50"],
        ["frozen-2025-06-30", "134.5", "90"],
        ["frozen-2025-06-30", "439", "100"],
    ]
    assert "None of the 3 customers scored on 2025-06-30 would change its band." in notes
    assert "engagement_scale.csv" in notes


def test_versions_frozen_before_come_first_and_the_change_of_bands_is_told(tmp_path, capsys):
    code, rows, notes = freeze(capsys, publish(tmp_path, FROZEN | POPULATION))
    assert code == 0
    assert rows[1:6] == [
        ["first, 2024", "0", "1"],
        ["first, 2024", "50", "100"],
        ["frozen-2025-01-01", "0", "1"],
        ["frozen-2025-01-01", "0.000001", "50"],
        ["frozen-2025-01-01", "180", "100"],
    ]
    assert {name for name, *_ in rows[6:]} == {"frozen-2025-06-30"}
    assert "In use is frozen-2025-01-01." in notes
    assert (
        "Of 3 customers scored on 2025-06-30, 2 would change their band: 1 to a higher one, 1 to a lower one." in notes
    )


def test_what_is_printed_can_be_saved_as_the_settings_file(tmp_path):
    publish(tmp_path / "warehouse", FROZEN | POPULATION)
    command = [
        sys.executable,
        "-m",
        "ops.freeze_scale",
        "--warehouse",
        tmp_path / "warehouse",
        "--version",
        "frozen_b, reviewed",
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "engagement_scale.csv").write_text(done.stdout)
    merge_seeds(REPOSITORY / "seeds", tmp_path / "settings", tmp_path / "seeds", seed_types(REPOSITORY))
    with (tmp_path / "seeds" / "engagement_scale.csv").open(newline="") as merged:
        names = [row["scale_version"] for row in csv.DictReader(merged)]
    assert names == ["first, 2024"] * 2 + ["frozen-2025-01-01"] * 3 + ["frozen_b, reviewed"] * 4


@pytest.mark.parametrize(
    ("scales", "options", "sentence"),
    [
        (FROZEN | POPULATION, ["--version", "frozen-2025-01-01"], "does not come after frozen-2025-01-01"),
        (FROZEN | POPULATION, ["--version", "Frozen-2026"], "does not come after frozen-2025-01-01"),
        ({"w": {0: 1, 9: 100}} | POPULATION, [], "frozen-2025-06-30 does not come after w: give a later name"),
        (POPULATION, ["--version", "population-2"], "would look like a scale of the population"),
        (POPULATION, ["--version", " x"], "no name for a scale"),
        (POPULATION, ["--version", ""], "no name for a scale"),
        (POPULATION, ["--version", "a\nb"], "no name for a scale"),
        ({"population-2025-06-30": {0: 1}}, [], "nothing to freeze"),
    ],
)
def test_what_would_not_come_into_use_is_refused_with_a_sentence(scales, options, sentence, tmp_path, capsys):
    code, rows, notes = freeze(capsys, publish(tmp_path, scales), *options)
    assert (code, rows) == (1, [])
    assert sentence in notes and "\n" not in notes.strip()


def test_nothing_is_frozen_where_nothing_has_been_published(tmp_path, capsys):
    code, rows, notes = freeze(capsys, tmp_path / "absent")
    assert (code, rows) == (1, [])
    assert f"No marts have been published in {tmp_path / 'absent'}" in notes
    assert not (tmp_path / "absent").exists()


def test_marts_without_these_tables_are_told_apart_from_a_crash(tmp_path, capsys):
    folder = publish(tmp_path, POPULATION)
    warehouse = Warehouse(folder)
    duckdb.connect(str(warehouse.building)).close()
    warehouse.publish("20250702T000000Z-000000")
    code, rows, notes = freeze(capsys, folder)
    assert (code, rows) == (1, [])
    assert "The marts cannot be read" in notes and "engagement_scales" in notes
