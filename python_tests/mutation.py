"""Takes one rule after the other out of the models and asks whether a test notices: `make mutation`.

docs/mutation.md says what counts as caught. Exit codes: 0 at least SHARE of the mutants are caught; 1 fewer are, or the
list of equivalent mutants is wrong.
"""

import argparse
import csv
import io
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from functools import cache, cached_property, partial
from pathlib import Path

import bad_inputs
from conftest import run_build, write_demo, write_demo_otherwise
from dbt_builds import Dbt, environment_of, parsed
from histories import histories, write_raw
from mutants import Mutant
from mutation_checks import (
    FAULTS,
    STOPS,
    TOO_MUCH,
    Build,
    NoModel,
    Text,
    UnitTest,
    finished_build,
    manifest_of,
    parents_of,
    small_build,
)
from real_data import REPOSITORY, mapped
from sql_builds import compile_engagement
from test_histories import over

from ops.mend import mend

SHARE = 95
LAYERS = ["staging", "quality", "marts"]
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.csv")
# The smallest first. All are compared with the oracle by test_oracle and test_inputs.
BUILDS = ["bad_inputs", "community_survey", "demo", "demo_otherwise"]
# Half a million events, of which hardly one is unlike the others: staging is not asked to read them again and again.
LARGE = ["demo", "demo_otherwise"]
# Seeds of test_histories, and how many events a history of theirs has at least.
SEEDS, EVENTS = (0, 1), 15


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: no model, caught by the check `by`, or neither; `note` says what it was too much for."""

    mutant: Mutant
    is_model: bool = True
    by: str = ""
    note: str = ""


# ---- What the checks need, made once


def prepare(folder: Path) -> None:
    """Makes all builds and compiles all unit tests in a folder, two at a time."""
    raw = folder / "raw"
    demo = write_demo(raw / "demo")
    mapped("community_survey", raw / "community_survey")
    bad_inputs.deliver(raw / "bad_inputs", "csv")
    (raw / "demo_otherwise").mkdir()
    write_demo_otherwise(demo, raw / "demo_otherwise")
    with ThreadPoolExecutor(2) as both:
        steps = [both.submit(build_demo, folder), both.submit(compile_histories, folder)]
        steps += [both.submit(build, folder, name) for name in ("demo_otherwise", "bad_inputs", "community_survey")]
        for step in steps:
            step.result()


def build(folder: Path, name: str) -> None:
    """Builds a raw folder. Raises AssertionError with what the build said where it fails."""
    result = run_build(folder / "raw" / name, folder / "warehouse" / name, threads=1)
    assert result.returncode == 0, result.output
    # A build leaves no copies in UTF-8, which its views read.
    mend(folder / "raw" / name, folder / "warehouse" / name / "work" / "mended")


def build_demo(folder: Path) -> None:
    """Builds the demo company; then dbt compiles and runs its unit tests, for which it asks the built tables."""
    build(folder, "demo")
    tests, warehouse = folder / "unit_tests", folder / "warehouse" / "demo"
    tests.mkdir()
    shutil.copyfile(warehouse / "work" / "work.duckdb", tests / "work.duckdb")
    shutil.copyfile(warehouse / "customer_scores.duckdb", tests / "marts.duckdb")
    command = [Path(sys.executable).with_name("dbt"), "--quiet", "test", "--select", "test_type:unit"]
    command += ["--target-path", tests / "target", "--log-path", tests / "logs"]
    environment = os.environ | environment_of(tests) | {"CUSTOMER_SCORES_RAW": str(folder / "raw" / "demo")}
    subprocess.run(command, cwd=REPOSITORY, env=environment, check=True)


def compile_histories(folder: Path) -> None:
    """Compiles the models of the engagement marts for any raw folder, and draws histories."""
    project = folder / "project"
    project.mkdir()
    compiled = compile_engagement(Dbt(project, parsed(project / "parsed")), project)
    drawn = []
    for seed in SEEDS:
        over(50, seed, histories(2), drawn.append)
    # Many are all but the same as the one before, and then ask for the same days.
    drawn = [one for one in drawn if len(one.states[-1].events) >= EVENTS]
    drawn = list({(one.known_on, one.on_date): one for one in drawn}.values())
    for number, history in enumerate(drawn):
        write_raw(history.states[-1], folder / "raw" / f"history_{number}")
    (project / "compiled.pickle").write_bytes(pickle.dumps((compiled, drawn)))


# ---- The judgement


@dataclass(frozen=True)
class Checks:
    """What is there to notice a mutant, in one process."""

    folder: Path

    @cached_property
    def manifest(self) -> dict:
        """What dbt knows of the project, its unit tests included."""
        return manifest_of(self.folder / "unit_tests" / "target")

    @cached_property
    def models(self) -> dict[str, dict]:
        """The models that are judged."""
        return models_of(self.folder)

    @cached_property
    def builds(self) -> list[Build]:
        """All builds, the small ones first."""
        finished = [finished_build(name, self.folder / "warehouse" / name) for name in BUILDS]
        return [finished[0], *self.histories(), *finished[1:]]

    def histories(self) -> list[Build]:
        """Full builds of the last state of each history."""
        parents = parents_of(self.manifest)
        project, drawn = pickle.loads((self.folder / "project" / "compiled.pickle").read_bytes())
        return [
            small_build(f"history {number}", project, parents, history, self.folder / "raw" / f"history_{number}")
            for number, history in enumerate(drawn)
        ]

    def unit_tests(self, model: str) -> list[UnitTest]:
        """dbt's unit tests of a model."""
        names = [test["name"] for test in self.manifest["unit_tests"].values() if test["model"] == model]
        return [UnitTest(name, model, self.texts["compiled"][name], self.texts["run"][name]) for name in names]

    @cached_property
    def texts(self) -> dict[str, dict[str, str]]:
        """The SQL of all unit tests by name: what dbt compiled, and what it ran."""
        target = self.folder / "unit_tests" / "target"
        return {
            kind: {path.stem: path.read_text() for path in target.glob(f"{kind}/**/*unit_tests.yml/models/**/*.sql")}
            for kind in ("compiled", "run")
        }

    def judge(self, model: str) -> list[Verdict]:
        """What becomes of each mutant of a model."""
        known = mutants_of(self.models[model])
        builds = [one for one in self.builds if layer_of(self.models[model]) != "staging" or one.name not in LARGE]
        checks = [*self.unit_tests(model), *builds]
        return [judged(mutant, known, checks) for mutant in known]


def models_of(folder: Path) -> dict[str, dict]:
    """The models of LAYERS, as compiled for the demo company: dbt's nodes by name."""
    nodes = manifest_of(folder / "warehouse" / "demo" / "work" / "target")["nodes"].values()
    return {
        node["name"]: node
        for node in nodes
        if node["resource_type"] == "model" and node["language"] == "sql" and layer_of(node) in LAYERS
    }


def layer_of(node: dict) -> str:
    """The folder of a model within `models`."""
    return node["path"].split("/")[0]


def mutants_of(node: dict) -> list[Mutant]:
    """The mutants of a model."""
    return Text(node["name"], node["compiled_code"]).rules


def judged(mutant: Mutant, known: list[Mutant], checks: list[UnitTest | Build]) -> Verdict:
    """The verdict of the first check that notices; what stops a build fails its tests too."""
    too_much = []
    for check in checks:
        try:
            if notices(check, mutant, known):
                return Verdict(mutant, by=check.name)
        except NoModel:
            return Verdict(mutant, is_model=False)
        except STOPS:
            return Verdict(mutant, by=check.name)
        except TOO_MUCH:
            too_much.append(check.name)
    return Verdict(mutant, note=f"too much to run: {', '.join(too_much)}" if too_much else "")


def notices(check: UnitTest | Build, mutant: Mutant, known: list[Mutant]) -> bool:
    """Whether a check notices a mutant; asked once more where DuckDB failed, which it does now and then."""
    try:
        return check.notices(mutant, known)
    except FAULTS:
        check.open()
        return check.notices(mutant, known)


# ---- The report


def listed_equivalents() -> dict[Mutant, str]:
    """The mutants that change no result, each with the reason."""
    with EQUIVALENT.open(encoding="utf-8") as file:
        return {
            Mutant(row["model"], row["kind"], row["removed"], int(row["occurrence"])): row["reason"]
            for row in csv.DictReader(file)
        }


def wrong_equivalents(listed: dict[Mutant, str], verdicts: list[Verdict]) -> list[str]:
    """What is wrong with the list, a sentence each."""
    found = {verdict.mutant: verdict for verdict in verdicts}
    gone = [f"listed as equivalent, but there is no such mutant: {shown(one)}" for one in listed if one not in found]
    return gone + [
        f"listed as equivalent, but caught by {found[one].by}: {shown(one)}"
        for one in listed
        if one in found and found[one].by
    ]


def shown(mutant: Mutant) -> str:
    """A mutant on one line, as the list of equivalents has it."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(astuple(mutant))
    return line.getvalue()


def figures(verdicts: list[Verdict], layers: dict[str, str], listed: dict[Mutant, str]) -> list[tuple]:
    """Rows of layer, mutants that count, equivalent ones, caught ones, share in percent; the last is of all layers."""
    rows = []
    for layer in [*LAYERS, "all"]:
        own = [one for one in verdicts if one.is_model and layer in (layers[one.mutant.model], "all")]
        counted = [one for one in own if one.mutant not in listed]
        caught = sum(bool(one.by) for one in counted)
        rows.append((layer, len(counted), len(own) - len(counted), caught, 100 * caught / max(1, len(counted))))
    return rows


def report(verdicts: list[Verdict], layers: dict[str, str], models: Sequence[str] = ()) -> int:
    """Prints the figures and all that is wrong, of all models or of those named; returns the exit code."""
    listed = {one: reason for one, reason in listed_equivalents().items() if not models or one.model in models}
    wrong = wrong_equivalents(listed, verdicts)
    for verdict in verdicts:
        if verdict.is_model and not verdict.by and verdict.mutant not in listed:
            print(f"survived: {shown(verdict.mutant)} {verdict.note}".rstrip())
    rows = figures(verdicts, layers, listed)
    print("layer           mutants  equivalent   caught    share")
    for layer, mutants, equivalent, caught, share in rows:
        print(f"{layer:12} {mutants:10,} {equivalent:11,} {caught:8,} {share:7.1f} %")
    print(f"Left out, since without the rule the SQL means nothing: {sum(not one.is_model for one in verdicts)}")
    print("Caught by:", ", ".join(f"{name} {count:,}" for name, count in kinds_of_checks(verdicts).most_common()))
    if wrong:
        print("\n".join(wrong))
    return int(bool(wrong) or rows[-1][-1] < SHARE)


def kinds_of_checks(verdicts: list[Verdict]) -> Counter:
    """How many mutants were caught by unit tests, by each build, and by histories."""
    kinds = Counter()
    for verdict in verdicts:
        if verdict.by:
            name = verdict.by.split()[0]
            kinds[name if name in (*BUILDS, "history") else "unit tests"] += 1
    return kinds


@cache
def checks_in(folder: Path) -> Checks:
    """The checks of a folder, kept by a process for the next model."""
    return Checks(folder)


def judge(folder: Path, model: str) -> list[Verdict]:
    """What `Checks.judge` returns."""
    return checks_in(folder).judge(model)


def main(arguments: list[str] | None = None) -> int:
    """Judges the mutants of all models, or of those named; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="names of models; default: all")
    parser.add_argument("--folder", type=Path, help="where builds are kept for the next run (default: nowhere)")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        if not (folder / "prepared").exists():
            prepare(folder)
            (folder / "prepared").touch()
        print(f"prepared in {time.monotonic() - began:.0f} s", flush=True)
        nodes = models_of(folder)
        # The longest first, so that no process is left with it at the end.
        names = sorted(options.models or nodes, key=lambda name: -len(nodes[name]["compiled_code"]))
        with multiprocessing.Pool(2) as processes:
            judged = processes.imap_unordered(partial(judge, folder), names)
            verdicts = [verdict for verdicts in judged for verdict in verdicts]
        code = report(verdicts, {name: layer_of(node) for name, node in nodes.items()}, options.models)
        print(f"done in {time.monotonic() - began:.0f} s")
        return code


if __name__ == "__main__":
    sys.exit(main())
