"""Writes docs/licences.md, the licences of all packages of the lock files: `python -m ops.licences [--check]`.

Licences are read from the packages as they are installed in .venv and its like; of a package that is not installed here
the document's own row stays. Exit codes: 0 written, or with --check as it should be; 1 it is not, or a licence is not
allowed; 2 wrong usage.
"""

import argparse
import re
import sys
from importlib.metadata import PackageMetadata, distributions
from pathlib import Path

from ops import locks
from ops.messages import BuildError

PROJECT = Path(__file__).resolve().parents[1]
DOCUMENT = PROJECT / "docs" / "licences.md"
# In this order: a package of several locks is listed for the first.
LOCKS = {
    "requirements.lock": "`make build`",
    "requirements-clv.lock": "`make build CLV=1`",
    "requirements-report.lock": "`make report`",
    "requirements-xlsx.lock": "`make export FORMAT=xlsx`",
    "requirements-test.lock": "`make test`",
    "requirements-bouncer.lock": "`make lint`",
    "requirements-audit.lock": "`make audit`",
    "requirements-browser.lock": "`make test-report`",
    "requirements-v2.lock": "`make test-v2`",
    "requirements-superset.lock": "`make superset`",
    "requirements-superset-source.lock": "`make superset`",
    "requirements-spark.lock": "`make build TARGET=spark`",
    "requirements-spark-source.lock": "`make build TARGET=spark`",
    "requirements-dagster.lock": "`make test-dagster`",
    "requirements-airflow.lock": "`make test-airflow`",
}
# Packages whose metadata do not say, or say it by the whole text, from the licence file in their wheel; and those for
# other machines than this: tzdata, waitress, pyreadline3 and pywin32 for Windows, brotlicffi for PyPy, async-timeout
# for an older Python, pyyaml-ft for a newer one.
BY_HAND = {
    **{"cons": "LGPL-3.0", "minikanren": "BSD-3-Clause", "tzdata": "Apache-2.0"},
    **{"apache-superset": "Apache-2.0", "apsw": "Zlib", "async-timeout": "Apache-2.0", "brotlicffi": "MIT"},
    **{"openlineage-sql": "Apache-2.0", "pyreadline3": "BSD", "pywin32": "PSF-2.0", "pyyaml-ft": "MIT"},
    **{
        "greenlet": "MIT AND PSF-2.0",
        "polyline": "MIT",
        "pyxlsb": "LGPL-3.0",
        "simplejson": "MIT or AFL-2.1",
        "waitress": "ZPL-2.1",
    },
}
# Licences as metadata write them (DECISIONS D104).
ALLOWED = {
    *("0BSD", "BSD", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "3-Clause BSD License", "CC0-1.0", "Zlib"),
    *("MIT", "MIT License", "MIT-CMU", "ISC License (ISCL)", "Artistic License", "CNRI-Python", "PSF-2.0"),
    *("Apache License 2.0", "Apache License, Version 2.0"),
    *("Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Apache Software License", "Python Software Foundation License"),
    *("ISC", "MIT-0", "Simplified BSD", "The Unlicense (Unlicense)", "ZPL-2.1"),
    *("MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)", "LGPL-2.1", "LGPL-3.0"),
}
HEADER = """\
# Licences of the packages used

None of them is part of this project: `make` installs them, each as it was published. `make licences` writes this list
from the lock files and from what the installed packages say of themselves; a test holds it to both, and to the
licences that [D104](../DECISIONS.md#operations) allows. "or" is the user's choice.

| package | licence | needed by |
|---|---|---|
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m ops.licences", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the document is out of date")
    options = parser.parse_args(arguments)
    try:
        text = document(PROJECT, DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.is_file() else "")
        if options.check and text != DOCUMENT.read_text(encoding="utf-8"):
            raise BuildError(f"{DOCUMENT} is not what the lock files and installed packages say: make licences.")
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    if not options.check:
        DOCUMENT.write_text(text, encoding="utf-8")
    return 0


def document(project: Path, former: str) -> str:
    """The document for the locks and environments of `project`; `former` is what it was before.

    Raises BuildError for packages whose licence is unknown or not allowed.
    """
    needed_by: dict[str, str] = {}
    for lock, command in LOCKS.items():
        for pin in locks.read(project / lock):
            needed_by.setdefault(pin.name, command)
    licences = dict(re.findall(r"^\| (\S+) \| (.+?) \|", former, re.M))
    # What a package says may change with its version: that of .venv counts, whichever other environments there are.
    for packages in sorted(project.glob(".venv*/lib/python*/site-packages"), reverse=True):
        licences |= {
            canonical(package.name): licence_of(package.metadata) for package in distributions(path=[packages])
        }
    licences |= BY_HAND
    refused = [f"{name} ({licences.get(name)})" for name in sorted(needed_by) if not is_allowed(licences.get(name))]
    if refused:
        raise BuildError(
            f"No licence that is allowed: {', '.join(refused)}. Do without the package; or read its licence file and "
            "say in ops/licences.py what it is, or that it is allowed."
        )
    rows = [f"| {name} | {licences[name]} | {needed_by[name]} |\n" for name in sorted(needed_by)]
    return HEADER + "".join(rows)


def licence_of(metadata: PackageMetadata) -> str | None:
    """What a package says of its licence; licences of which the user may choose one are joined by "or"."""
    classifiers = [text.split(" :: ")[-1] for text in metadata.get_all("Classifier", []) if text.startswith("License")]
    return metadata.get("License-Expression") or " or ".join(classifiers) or metadata.get("License")


def is_allowed(licence: str | None) -> bool:
    """Whether one of the licences to choose from is allowed, all that it names included."""
    choices = (licence or "").split(" or ")
    return any(
        all(part in ALLOWED or part.strip("()") in ALLOWED for part in re.split(" AND | OR ", choice))
        for choice in choices
    )


def canonical(name: str) -> str:
    """The name of a package as lock files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
