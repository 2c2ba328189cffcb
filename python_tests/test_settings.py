"""A company's settings extend the project's: its seeds row by row (DECISIONS D34), its vars by name."""

import csv
import json
import os
import re
from pathlib import Path

import pytest

from ops.build import PROJECT
from ops.messages import BuildError
from ops.settings import check_files, merge_seeds, read_vars, seed_types, stage_project

WEIGHTS = "event_type,weight,reason\nlogin,1,ours\nreport,4,ours\nreport,5,ours too\n"


@pytest.fixture
def folders(tmp_path):
    """(project, settings, target): a project with the seed `weights`, an empty settings folder, no target yet."""
    project, settings = tmp_path / "project", tmp_path / "settings"
    (project / "seeds").mkdir(parents=True)
    settings.mkdir()
    (project / "seeds" / "weights.csv").write_text(WEIGHTS)
    (project / "seeds" / "_seeds.yml").write_text("seeds: []\n")
    (project / "dbt_project.yml").write_text("name: tiny\nvars:\n  min_answers: 5\n  as_of_date: null\n")
    return project, settings, tmp_path / "target"


def merged(folders, own: str | bytes | None = None) -> list[list[str]]:
    """The rows of the seed `weights` after merging with the company's file, where it has one."""
    project, settings, target = folders
    if own is not None:
        (settings / "weights.csv").write_bytes(own if isinstance(own, bytes) else own.encode())
    types = {"weights": {"event_type": "varchar", "weight": "decimal(12, 6)", "valid_from": "date"}}
    merge_seeds(project / "seeds", settings, target, types)
    return list(csv.reader((target / "weights.csv").read_text().splitlines()))


def test_without_own_rows_the_seeds_are_copied_as_they_are(folders):
    merged(folders)
    assert (folders[2] / "weights.csv").read_text() == WEIGHTS
    assert (folders[2] / "_seeds.yml").exists()


def test_own_rows_replace_all_rows_with_the_same_first_column_and_the_rest_stays(folders):
    rows = merged(folders, "event_type,weight,reason\nreport,9,mine\ndemo,2,mine\n")
    assert rows[1:] == [["login", "1", "ours"], ["report", "9", "mine"], ["demo", "2", "mine"]]


def test_own_columns_may_come_in_any_order_and_with_a_byte_order_mark(folders):
    rows = merged(folders, '\ufeffreason, weight ,event_type\n"a ""b"", c", 9 , login \n\n,,\n')
    assert rows[0] == ["event_type", "weight", "reason"]
    assert rows[-1] == ["login", "9", 'a "b", c']
    assert len(rows) == 4


def test_a_file_with_columns_alone_changes_nothing(folders):
    assert merged(folders, "event_type,weight,reason\n") == list(csv.reader(WEIGHTS.splitlines()))


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ("event_type,weight\nlogin,1\n", "weights.csv lacks the column reason"),
        ("event_type,weight,reason,since\nlogin,1,x,y\n", "weights.csv has the column since, which the seed lacks"),
        ("event_type,weight,reason,weight\nlogin,1,x,2\n", "weights.csv has the column weight, twice"),
        ("event_type;weight;reason\nlogin;1;x\n", "separated by commas"),
        ("event_type,weight,reason\nlogin,1,x\nreport,1,5,x\n", "weights.csv, line 3: 4 values for 3 columns"),
        ("event_type,weight,reason\nlogin,1\n", "weights.csv, line 2: 2 values for 3 columns"),
        ('event_type,weight,reason\nlogin,1,"x\n', "weights.csv cannot be read as CSV"),
        (b"event_type,weight,reason\nlogin,1,\xe9\n", "weights.csv cannot be read as CSV in UTF-8"),
        ("", "weights.csv is empty"),
    ],
)
def test_a_broken_own_seed_is_told_with_file_and_place(folders, own, sentence):
    with pytest.raises(BuildError, match="(?s)" + ".*".join(sentence.split(" "))):
        merged(folders, own)


def test_only_changed_seeds_are_written_again_and_gone_ones_are_removed(folders):
    target = folders[2]
    merged(folders)
    os.utime(target / "weights.csv", (1, 1))
    (target / "old.csv").write_text("a\n1\n")
    merged(folders)
    assert (target / "weights.csv").stat().st_mtime == 1
    assert not (target / "old.csv").exists()
    merged(folders, "event_type,weight,reason\nlogin,2,mine\n")
    assert (target / "weights.csv").stat().st_mtime > 1


def test_an_unknown_settings_file_is_named_with_the_known_ones(folders):
    project, settings, _ = folders
    for name in ("weights.csv", "vars.yml", "summary.sql", ".DS_Store"):
        (settings / name).touch()
    check_files(settings, project / "seeds")
    (settings / "wieghts.csv").touch()
    with pytest.raises(BuildError, match=r"wieghts\.csv is not a settings file.*summary\.sql, vars\.yml, weights\.csv"):
        check_files(settings, project / "seeds")


def test_own_vars_are_read_and_days_reach_dbt_as_text(folders):
    project, settings, _ = folders
    assert read_vars(settings, project) == {}
    assert read_vars(None, project) == {}
    (settings / "vars.yml").write_text("min_answers: 3\nas_of_date: 2025-06-30\n")
    own = json.loads(json.dumps(read_vars(settings, project), default=str))
    assert own == {"min_answers": 3, "as_of_date": "2025-06-30"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("min_answer: 3", "sets min_answer, which is no var. Known vars: as_of_date, min_answers"),
        ("- min_answers", "must hold lines of the form"),
        ("min_answers: [3", "cannot be read as YAML"),
    ],
)
def test_broken_vars_are_told_in_a_sentence(folders, text, sentence):
    project, settings, _ = folders
    (settings / "vars.yml").write_text(text)
    with pytest.raises(BuildError, match=sentence):
        read_vars(settings, project)


def test_a_staged_project_is_the_project_with_the_merged_seeds(folders):
    project, settings, target = folders
    (project / "models").mkdir()
    (project / "notes.md").write_text("soon gone")
    (settings / "weights.csv").write_text("event_type,weight,reason\nlogin,2,mine\n")
    for _ in range(2):
        stage_project(project, settings, target)
    assert (target / "models").resolve() == project / "models"
    assert not (target / "seeds").is_symlink()
    assert "mine" in (target / "seeds" / "weights.csv").read_text()
    assert (target / "notes.md").read_text() == "soon gone"
    (project / "notes.md").unlink()
    stage_project(project, settings, target)
    assert not os.path.lexists(target / "notes.md")
    assert (project / "seeds" / "weights.csv").read_text() == WEIGHTS


@pytest.mark.parametrize("seed", sorted((PROJECT / "seeds").glob("*.csv")), ids=lambda path: path.stem)
def test_every_seed_of_the_project_survives_merging(seed: Path, tmp_path):
    header = seed.read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / seed.name).write_text(header + "\n", encoding="utf-8")
    merge_seeds(PROJECT / "seeds", tmp_path / "settings", tmp_path / "target", seed_types(PROJECT))
    with seed.open(newline="") as ours, (tmp_path / "target" / seed.name).open(newline="") as theirs:
        assert list(csv.reader(theirs)) == list(csv.reader(ours))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("login,high,", "line 3: weight is 'high', where a number with at most 6 digits and 6 decimal places"),
        ("login,NaN,", "line 3: weight is 'NaN'"),
        ("login,1e3,", "line 3: weight is '1e3'"),
        ("login,1000000,", "line 3: weight is '1000000'"),
        ("login,0.0000004,", "line 3: weight is '0.0000004'"),
        ("login,1,01/02/2025", "line 3: valid_from is '01/02/2025', where a day as YYYY-MM-DD must stand"),
        ("login,1,2025-02-30", "line 3: valid_from is '2025-02-30'"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_its_line(row, problem, folders):
    with pytest.raises(BuildError, match=re.escape(problem)):
        (folders[0] / "seeds" / "weights.csv").write_text("event_type,weight,valid_from\n")
        merged(folders, f"event_type,weight,valid_from\npurchase,8.500000,2025-01-01\n{row}\n")


def test_the_column_types_of_every_seed_that_people_edit_are_declared():
    types = seed_types(PROJECT)
    for seed in (PROJECT / "seeds").glob("*.csv"):
        assert list(types[seed.stem]) == seed.read_text().splitlines()[0].split(",")
