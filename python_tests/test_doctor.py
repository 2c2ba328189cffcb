"""make doctor: each thing that can be wrong is said with what to do, and nothing is written."""

import fcntl
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer

import pytest
from test_publish import make_marts

from ops import build, doctor, health
from ops.erasures import Erasures
from ops.journal import Entry, append
from ops.publish import Warehouse

BUILD = "20250630T060000Z-aaaaaa"
OLDER = "20250629T060000Z-bbbbbb"
NOW = datetime(2025, 6, 30, 9, 30, tzinfo=UTC)
LOADED = "alter table row_reconciliation add column last_loaded_at timestamp default timestamp '2025-06-30 05:00:00'"
SUBJECTS = ("disk", "lock", "last build", "erasures", "readers", "sources", "leftovers", "file modes")
COUNTS = {"raw_rows": 4, "accepted": 2, "duplicates": 1, "rejected": 1}


def note(warehouse: Warehouse, build_id: str, result: str = "published", **fields: object) -> None:
    """Writes the journal's line of a build."""
    started_at = datetime.strptime(build_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).isoformat()
    fields = {"as_of_date": "2025-06-30", "tables": {"events": COUNTS}} | fields
    append(warehouse.journal, Entry(build_id, started_at, result, int(result == "failed"), **fields))


@pytest.fixture
def warehouse(tmp_path) -> Warehouse:
    """Two builds, published one after the other, and all that they leave."""
    warehouse = Warehouse(tmp_path / "warehouse")
    warehouse.prepare()
    for build_id in (OLDER, BUILD):
        make_marts(warehouse.building, build_id, LOADED)
        warehouse.publish(build_id)
        (warehouse.logs / build_id).mkdir(parents=True)
        note(warehouse, build_id)
    make_marts(warehouse.work_db, BUILD)
    warehouse.work_db.chmod(0o600)
    return warehouse


def state(folder: Path) -> list[tuple]:
    """All that lies in a folder, with sizes and times of change."""
    return sorted((str(path), path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.rglob("*"))


def said(warehouse: Warehouse, **options: object) -> dict[str, tuple[str, str]]:
    """What is said that is not OK, by subject; nothing may be written."""
    before = state(warehouse.folder.parent)
    findings = health.check(warehouse.folder, now=NOW, **options)
    assert state(warehouse.folder.parent) == before
    return {subject: (level, text) for level, subject, text in findings if level != "OK"}


def test_where_all_is_well_every_check_says_so(warehouse):
    findings = health.check(warehouse.folder, max_age_hours=4, now=NOW)
    assert [(level, subject) for level, subject, _ in findings] == [("OK", subject) for subject in SUBJECTS]
    texts = {subject: text for _, subject, text in findings}
    assert texts["lock"] == "free"
    assert texts["last build"] == f"published 3 hours ago ({BUILD}), up to 2025-06-30; 1 of 4 rows rejected"
    assert texts["readers"] == "see the build of 2025-06-30 06:00:00 UTC, up to 2025-06-30, 3 hours old"
    assert texts["sources"] == "events: the newest row came 60 minutes before the build that readers see"
    assert not said(warehouse)


def test_where_nothing_has_been_built_it_says_so_and_makes_nothing(tmp_path, capsys):
    assert doctor.main(["--warehouse", str(tmp_path / "absent")]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("OK    environment  Python 3.") and "make build" in shown and "FAIL" not in shown
    assert list(tmp_path.iterdir()) == []


def test_while_a_build_runs_it_says_who_builds_and_does_not_take_its_files_for_leftovers(warehouse):
    warehouse.building.touch()
    (warehouse.logs / "20250630T092900Z-cccccc").mkdir()
    with warehouse.locked():
        findings = {subject: text for _, subject, text in health.check(warehouse.folder, now=NOW)}
        assert findings["lock"].startswith("held: a command writes (process ")
        assert not said(warehouse)
    assert said(warehouse).keys() == {"last build", "leftovers"}


def fail_last(warehouse: Warehouse) -> None:
    note(warehouse, "20250630T080000Z-dddddd", "failed", message="Test failed: scores are high enough (1 row).")


def cut(file: Path) -> None:
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:20000])
    file.chmod(0o444)


WRONG = {
    "failed": (
        fail_last,
        "last build",
        "FAIL",
        "what they saw before: Test failed: scores are high enough (1 row). Mend that",
    ),
    "killed": (
        lambda warehouse: (warehouse.logs / "20250630T080000Z-cccccc").mkdir(),
        "last build",
        "FAIL",
        "the build of 2025-06-30 08:00:00 UTC was ended before it could say how it went",
    ),
    "killed, then the journal was moved away": (
        lambda warehouse: (
            warehouse.journal.rename(f"{warehouse.journal}.1"),
            (warehouse.logs / "20250630T080000Z-cccccc").mkdir(),
        ),
        "last build",
        "FAIL",
        "the build of 2025-06-30 08:00:00 UTC was ended",
    ),
    "open request": (
        lambda warehouse: Erasures(warehouse).add(["c1"], None),
        "erasures",
        "FAIL",
        "1 request to erase is open since 20",
    ),
    "open requests": (
        lambda warehouse: Erasures(warehouse).add(["c1", "c2"], None),
        "erasures",
        "FAIL",
        "2 requests to erase are open since 20",
    ),
    "damaged erasures": (
        lambda warehouse: (warehouse.folder / "erasures.json").write_text("{"),
        "erasures",
        "FAIL",
        "without it they would come back: put it back from a backup",
    ),
    "rolled back": (
        lambda warehouse: (warehouse.show(OLDER), note(warehouse, OLDER, "rolled_back")),
        "last build",
        "WARN",
        f"rolled back 27 hours ago ({OLDER})",
    ),
    "link to nothing": (
        lambda warehouse: shutil.rmtree(warehouse.version(BUILD).parent),
        "readers",
        "FAIL",
        "leads to no file: make versions, then make rollback",
    ),
    "a file for a link": (
        lambda warehouse: (warehouse.link.unlink(), warehouse.link.touch()),
        "readers",
        "FAIL",
        "is not a link that a build made: move it away",
    ),
    "damaged marts": (lambda warehouse: cut(warehouse.version(BUILD)), "readers", "FAIL", "make rollback, or build"),
    "write-ahead log": (
        lambda warehouse: Path(f"{warehouse.link}.wal").write_bytes(b"stale"),
        "leftovers",
        "FAIL",
        "keeps readers from opening the marts",
    ),
    "leftover": (lambda warehouse: warehouse.building.touch(), "leftovers", "WARN", "the next build removes them"),
    "dead version": (
        lambda warehouse: (warehouse.versions / "dead").mkdir(),
        "leftovers",
        "WARN",
        "dead: left by a build that was ended",
    ),
    "open work folder": (lambda warehouse: warehouse.work.chmod(0o750), "file modes", "FAIL", "chmod go= "),
    "open work file": (lambda warehouse: warehouse.work_db.chmod(0o644), "file modes", "FAIL", "holds raw data"),
    "marts to write": (lambda warehouse: warehouse.version(BUILD).chmod(0o644), "file modes", "WARN", "chmod a-w "),
    "private marts": (lambda warehouse: warehouse.version(BUILD).chmod(0o400), "file modes", "WARN", "chmod a+r "),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_what_to_do(case, warehouse):
    spoil, subject, level, words = WRONG[case]
    spoil(warehouse)
    found = said(warehouse)
    assert found[subject][0] == level and words in found[subject][1], found
    assert case == "write-ahead log" or found.keys() <= {subject, "sources"}


def test_a_killed_build_is_told_until_a_later_one_has_ended(warehouse):
    (warehouse.logs / "20250629T230000Z-cccccc").mkdir()
    assert not said(warehouse)
    # A journal that was moved away knows of no build.
    warehouse.journal.unlink()
    assert said(warehouse)["last build"][0] == "WARN"
    note(warehouse, BUILD)
    assert not said(warehouse)


def test_a_build_that_is_killed_at_once_leaves_a_trace(warehouse, monkeypatch):
    def kill(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(build, "_check", kill)
    raw, folder = warehouse.folder / "raw", warehouse.folder
    with pytest.raises(SystemExit):
        build.build(build.parse_options([f"--raw={raw}", f"--warehouse={folder}"]), warehouse, 0)
    assert "was ended before it could say how it went" in said(warehouse)["last build"][1]


def test_requests_to_erase_are_only_a_warning_while_a_command_writes(warehouse):
    Erasures(warehouse).add(["c1"], None)
    with warehouse.locked():
        assert said(warehouse)["erasures"][0] == "WARN"


def test_a_missed_build_is_told_where_its_age_is_limited(warehouse):
    assert said(warehouse, max_age_hours=3)["readers"] == (
        "FAIL",
        "see the build of 2025-06-30 06:00:00 UTC, up to 2025-06-30, 3 hours old, which is more than 3 hours: "
        "was a build missed?",
    )


def test_sources_are_judged_by_the_limits_of_the_last_build(warehouse):
    seeds = warehouse.project / "seeds"
    seeds.mkdir(parents=True)
    for limits, level in (("1,2", "OK"), ("0.9,2", "WARN"), ("0.5,0.9", "FAIL"), (",", "OK")):
        (seeds / "freshness_limits.csv").write_text(
            f"source_table,warn_after_hours,fail_after_hours\nevents,{limits}\n"
        )
        assert said(warehouse).get("sources", ("OK",))[0] == level
    make_marts(warehouse.building, "20250630T070000Z-eeeeee")
    warehouse.publish("20250630T070000Z-eeeeee")
    assert said(warehouse)["sources"] == ("WARN", "the published marts do not tell how fresh they are: build once")


def test_a_disk_that_may_be_too_small_is_told_before_it_is(warehouse, monkeypatch):
    needed = 2 * (warehouse.work_db.stat().st_size + warehouse.published().stat().st_size)
    for free, level in ((needed, "OK"), (needed - 1, "FAIL")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: shutil._ntuple_diskusage(free, 0, free))
        assert said(warehouse).get("disk", ("OK",))[0] == level


def test_what_may_not_be_looked_at_is_said_and_stops_no_other_check(warehouse, monkeypatch):
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(warehouse.lock))

    monkeypatch.setattr(Warehouse, "holder", refused)
    found = said(warehouse)
    assert found["lock"][0] == "WARN" and "ask as the user who builds" in found["lock"][1]
    assert "readers" not in found


def test_an_environment_other_than_the_lock_is_told(tmp_path, monkeypatch, capsys):
    lock = tmp_path / "requirements.lock"
    hashed = " \\\n    --hash=sha256:00\n    # via nobody\n"
    lock.write_text(
        f"duckdb==1.0{hashed}nowhere==2{hashed}elsewhere==3 ; sys_platform == 'win32'{hashed}"
        f"pytest==0 ; python_full_version < '3.12'{hashed}"
    )
    level, _, text = doctor.environment(lock)
    assert level == "FAIL" and "duckdb is 2" in text and "not 1.0, nowhere 2 is missing, pytest is" in text
    assert "elsewhere" not in text and "make build" in text
    lock.write_text("duckdb>=2\n")
    assert "'duckdb>=2' is no requirement of the form name==version. Take" in doctor.environment(lock)[2]
    monkeypatch.setattr(doctor, "LOCK", lock)
    assert doctor.main(["--warehouse", str(tmp_path)]) == 1
    assert "FAIL  environment" in capsys.readouterr().out


def test_a_look_at_the_lock_keeps_no_build_from_starting(warehouse):
    with warehouse.locked():
        pass
    with warehouse.lock.open() as look:
        fcntl.flock(look, fcntl.LOCK_SH)
        Timer(0.02, fcntl.flock, (look, fcntl.LOCK_UN)).start()
        with warehouse.locked():
            assert warehouse.holder().startswith("process ")


def test_ages_are_told_in_units_that_people_use():
    ages = [timedelta(minutes=119), timedelta(hours=2), timedelta(hours=47), timedelta(days=3)]
    assert [health._ago(age) for age in ages] == ["119 minutes", "2 hours", "47 hours", "3 days"]
