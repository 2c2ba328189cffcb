"""docs/operations.md says what is: its commands, exit codes, fields and example schedules are those of the project."""

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields

import pytest
from real_data import REPOSITORY

from ops import build, doctor, health, rollback, scheduled
from ops.journal import Entry
from ops.messages import BuildError
from ops.publish import COUNTS, Warehouse

DOCS = REPOSITORY / "docs"
OPERATIONS = (DOCS / "operations.md").read_text()
SCHEDULE = DOCS / "schedule"


def table_of(heading: str) -> list[str]:
    """The first column of the table that follows a heading of its columns."""
    rows = OPERATIONS[OPERATIONS.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip(" `") for row in rows]


def test_every_field_of_the_journal_is_documented_in_its_order():
    assert table_of("| field | what |") == [field.name for field in fields(Entry)]
    results = re.search(r"^\| `result` \| (.*) \|$", OPERATIONS, re.M)[1]
    assert tuple(re.findall(r"`(\w+)`", results)) == health.RESULTS
    counts = re.search(r"^\| `tables` \| (.*) \|$", OPERATIONS, re.M)[1]
    assert tuple(re.findall(r"`(\w+)`", counts)) == COUNTS


def test_exit_codes_are_documented_as_the_command_says_them():
    codes = re.findall(r"\b([0-9]) [a-z]", build.__doc__[build.__doc__.index("Exit codes:") :].split(".")[0])
    assert table_of("| code | what happened") == codes == list("01234")


def commands() -> list[str]:
    """The commands of the docs and of the example schedules, one a line."""
    blocks = re.findall(r"^```sh\n(.*?)^```", OPERATIONS, re.M | re.S)
    units = [SCHEDULE / name for name in ("customer-scores.service", "customer-scores-alert.service", "crontab")]
    found = [line for block in blocks for line in block.splitlines()]
    return found + re.findall(r"-m ops\.[^|>)']+", "\n".join(unit.read_text() for unit in units))


def test_every_command_of_the_docs_is_one_that_the_project_has(capsys):
    makefile = (REPOSITORY / "Makefile").read_text()
    exported = set(re.search(r"^export (RAW .*)$", makefile, re.M)[1].split())
    modules = {"ops.build": build, "ops.doctor": doctor, "ops.rollback": rollback}
    targets, called = set(), set()
    for command in commands():
        words = shlex.split(command)
        if words[0] == "make":
            targets.add(words[1])
            assert {word.split("=")[0] for word in words[2:]} <= exported, command
        elif "-m" in words:
            name, *options = words[words.index("-m") + 1 :]
            called.add(name)
            with pytest.raises(SystemExit):
                modules[name].main(["--help"])
            known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
            assert {option for option in options if option.startswith("--")} <= known, command
    assert targets == {"build", "doctor", "versions", "rollback"}
    assert called == {"ops.build", "ops.doctor"}
    assert targets <= set(re.findall(r"^([a-z-]+):", makefile, re.M))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_accepts_the_example_units(tmp_path):
    for unit in SCHEDULE.glob("customer-scores*"):
        # It looks whether the program is there.
        text = unit.read_text().replace("/srv/customer_scores/.venv/bin/python", sys.executable)
        (tmp_path / unit.name).write_text(text)
    units = sorted(tmp_path.iterdir())
    assert len(units) == 3
    command = ["systemd-analyze", "verify", "--man=no", *units]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_example_crontab_mails_where_something_is_wrong_and_is_silent_where_nothing_is(tmp_path):
    lines = [line for line in (SCHEDULE / "crontab").read_text().splitlines() if not line.startswith("#")]
    variables = dict(line.split("=", 1) for line in lines if re.match("[A-Z]+=", line))
    *_, build_line, doctor_line = lines
    assert "%" not in build_line + doctor_line  # cron's sign for the end of a line
    jobs = [re.fullmatch(r"[0-9]+ [0-9]+ \* \* \* (.*)", line)[1] for line in (build_line, doctor_line)]
    Warehouse(tmp_path / "warehouse").prepare()

    def mailed(job: str) -> str:
        script = job.replace("/srv/customer_scores", str(REPOSITORY)).replace("/srv", str(tmp_path))
        environment = {"PATH": "/usr/bin:/bin", **variables, "PYTHON": sys.executable}
        command = ["/bin/sh", "-c", script]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout

    assert mailed(jobs[1]) == ""  # that nothing has been built is a warning
    assert mailed(jobs[0]) == ""  # it fails: where raw data should be nothing is
    assert "There is no folder" in (tmp_path / "warehouse" / "work" / "last_build.txt").read_text()
    assert re.search("FAIL  last build   failed 0 minutes ago .*: There is no folder", mailed(jobs[1]))


@pytest.mark.parametrize(
    ("code", "journal_line", "sentence"),
    [
        (3, "", "The build ended with exit code 3."),
        (1, '{"message": "events.csv is not there."}', "events.csv is not there."),
    ],
)
def test_dagster_and_airflow_are_told_why_nothing_was_published(tmp_path, monkeypatch, code, journal_line, sentence):
    python = tmp_path / "python"
    python.write_text(
        f"#!/bin/sh\necho a raw row\n[ '{journal_line}' ] && echo '{journal_line}' >> builds.jsonl\nexit {code}\n"
    )
    python.chmod(0o755)
    (tmp_path / "builds.jsonl").write_text('{"message": "An older one."}\n')
    monkeypatch.setattr(scheduled, "PROJECT", tmp_path)
    monkeypatch.setenv("CUSTOMER_SCORES_PYTHON", str(python))
    monkeypatch.setenv("CUSTOMER_SCORES_WAREHOUSE", str(tmp_path))
    with pytest.raises(BuildError) as failure:
        scheduled.build()
    output = tmp_path / "work" / "last_build.txt"
    assert str(failure.value) == f"{sentence} All that it printed is in {output}."
    assert failure.value.exit_code == code
    assert output.read_text() == "a raw row\n"
    assert (tmp_path / "work").stat().st_mode & 0o077 == 0
