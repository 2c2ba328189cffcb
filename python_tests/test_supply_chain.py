"""Nothing is installed that no lock file names with a hash, or whose licence is not allowed; no audit passes unseen."""

import json
import re
import subprocess

import pytest
from real_data import REPOSITORY

from ops import audit_packages, licences, locks
from ops.messages import BuildError

LOCKS = sorted(REPOSITORY.glob("requirements*.lock"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_package_of_a_lock_is_pinned_and_has_hashes(lock):
    pins = locks.read(lock)
    assert pins
    for pin in pins:
        assert pin.hashes and all(re.fullmatch("sha256:[0-9a-f]{64}", digest) for digest in pin.hashes), pin.name
    # Where packages are fetched from is the machine's own choice.
    assert "//" not in lock.read_text()


@pytest.mark.parametrize(
    "line",
    ["pandas>=3", "pandas", "-e .", "--index-url elsewhere", "pandas @ file:/wheel", "git+ssh:pandas"],
)
def test_a_lock_with_anything_but_pinned_packages_is_refused(line, tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"numpy==2.4.6 \\\n    --hash=sha256:00\n    # via pandas\n{line}\n")
    with pytest.raises(ValueError, match="no requirement of the form name==version"):
        locks.read(lock)


def test_every_installation_is_by_hash_from_wheels_and_of_a_lock_alone():
    makefile = (REPOSITORY / "Makefile").read_text()
    (how,) = re.findall(r"^define install\n(.*?)^endef", makefile, re.M | re.S)
    assert {"--no-deps", "--require-hashes", "--only-binary :all:"} <= set(re.findall(r"--[a-z-]+(?: :all:)?", how))
    installed = re.findall(r"\$\(call install,[^,]*,([^,)]*)(?:,(.*))?\)$", makefile, re.M)
    assert sorted(lock for lock, _ in installed) == [lock.name for lock in LOCKS]
    # Some packages were never published as wheels for Python 3: they are built with what is installed by then.
    sources = {"superset": ["wtforms-json"], "spark": ["pure-sasl", "pyhive", "pyspark"]}
    assert {lock: more.replace("$(comma)", ",") for lock, more in installed if more} == {
        f"requirements-{name}-source.lock": f"--no-binary {','.join(packages)} --no-build-isolation"
        for name, packages in sources.items()
    }
    for name, packages in sources.items():
        assert [pin.name for pin in locks.read(REPOSITORY / f"requirements-{name}-source.lock")] == packages
    assert len(re.findall(r"\bpip install\b", makefile)) == len(re.findall(r"\bpip install\b", how)) == 1


def test_this_environment_is_that_of_the_locks():
    assert locks.differences(REPOSITORY / "requirements.lock") == []
    assert locks.differences(REPOSITORY / "requirements-test.lock") == []


def test_the_list_of_licences_is_up_to_date_and_all_are_allowed(capsys):
    assert licences.main(["--check"]) == 0, capsys.readouterr().err


def test_a_package_without_an_allowed_licence_is_refused(tmp_path):
    for lock in licences.LOCKS:
        (tmp_path / lock).write_text("")
    (tmp_path / "requirements.lock").write_text(
        "fine==1 --hash=sha256:0\nshared==1 --hash=sha256:0\nnew==1 --hash=sha256:0\n"
    )
    (tmp_path / "requirements-test.lock").write_text("fine==1 --hash=sha256:0\n")
    rows = "| fine | MIT | x |\n| shared | AGPL-3.0 | x |\n"
    with pytest.raises(BuildError, match=r"No licence that is allowed: new \(None\), shared \(AGPL-3.0\)\."):
        licences.document(tmp_path, rows)
    # What an installed package says holds against what the document said.
    package = tmp_path / ".venv" / "lib" / "python3.99" / "site-packages" / "Shared-1.dist-info"
    package.mkdir(parents=True)
    package.joinpath("METADATA").write_text(
        "Metadata-Version: 2.4\nName: Shared\nVersion: 1\nLicense-Expression: 0BSD\n"
    )
    text = licences.document(tmp_path, rows + "| new | BSD | x |\n| gone | MIT | x |\n")
    assert text.endswith(
        "| fine | MIT | `make build` |\n| new | BSD | `make build` |\n| shared | 0BSD | `make build` |\n"
    )


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("MIT AND GPL-3.0-only", False),
        ("Artistic License or GNU General Public License (GPL)", True),
        ("GNU General Public License (GPL)", False),
        ("", False),
        (None, False),
    ],
)
def test_licences_are_allowed_where_all_that_hold_are(licence, allowed):
    assert licences.is_allowed(licence) is allowed


WELL = {"name": "numpy", "version": "2.4.6", "vulns": []}
ILL = {"name": "old", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
SKIPPED = {"name": "agate", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([WELL], 0, "1 packages, none with a known vulnerability"),
        ([WELL, ILL], 1, "old 1: PYSEC-1 (mended in 1.1)"),
        ([WELL, SKIPPED], 3, "not complete, since the data on vulnerabilities could not be reached: 1 of 2"),
        ([ILL, SKIPPED], 1, "1 of 2 could not be looked up"),
        ([], 3, "not complete"),
        (None, 3, "nothing was audited, since the data on vulnerabilities could not be reached (no such host)"),
    ],
)
def test_an_audit_passes_only_where_every_package_was_looked_up(packages, code, words, monkeypatch, capsys):
    report = "" if packages is None else json.dumps({"dependencies": packages, "fixes": []})
    monkeypatch.setattr(audit_packages, "ask", lambda _: (report, "Traceback\nno such host\n"))
    assert audit_packages.main() == code
    shown = capsys.readouterr()
    assert words in (shown.err if code else shown.out)
    assert all(lock.name in shown.err + shown.out for lock in LOCKS)


def test_an_audit_that_is_not_answered_proves_nothing_and_asks_no_more(monkeypatch, capsys):
    asked = []

    def run(command: list, timeout: float, **_: object) -> None:
        asked.append(command)
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", run)
    assert audit_packages.main() == 3 and len(asked) == 1
    shown = capsys.readouterr().err
    assert "nothing was audited" in shown and "pip-audit did not end within 10 minutes" in shown
    assert f"Not asked for: {', '.join(lock.name for lock in LOCKS[1:])}." in shown


def test_an_audit_without_pip_audit_says_that_nothing_was_audited(tmp_path):
    code, text = audit_packages.judge("a lock", *audit_packages.ask(tmp_path / "requirements.lock"))
    assert code == 3 and "nothing was audited" in text and "No module named pip_audit" in text
