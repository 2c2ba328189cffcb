"""Builds the demo company twice in a warehouse of its own and says where time and memory go: `make bench`.

The first build makes everything; the second finds nothing new. Seconds depend on the machine: read the shares.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PHASES = {
    "start": "settings, lock, copy of the published marts",
    "dbt": "dbt's import and parse, and what it does between models",
    "engine": "at least one model or test at work in DuckDB",
    "publish": "audit, fsync, rename, link",
}


def main() -> None:
    """Prints a table of the phases of both builds, the slowest models, and the peak memory of the whole."""
    raw = ROOT / "data" / "demo"
    if not raw.is_dir():
        subprocess.run([sys.executable, "-m", "ops.demo_data", "--out", str(raw)], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ops.build", "--raw", str(raw), "--warehouse", folder]
        for _ in range(2):
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stdout + done.stderr)
        builds = [json.loads(line) for line in (Path(folder) / "builds.jsonl").read_text().splitlines()]
        results = json.loads((Path(folder) / "work" / "target" / "run_results.json").read_text())["results"]

    first, second = ({phase: build["seconds"][phase] for phase in PHASES} for build in builds)
    print("| phase | first build, s | second build, s | what it is |\n|---|---:|---:|---|")
    for phase, meaning in PHASES.items():
        print(f"| {phase} | {first[phase]:.1f} | {second[phase]:.1f} | {meaning} |")
    print(f"| all | {sum(first.values()):.1f} | {sum(second.values()):.1f} | |")
    slowest = sorted(results, key=lambda result: -result["execution_time"])[:8]
    print("\n| slowest in the second build | s |\n|---|---:|")
    for result in slowest:
        print(f"| {result['unique_id'].split('.')[2]} | {result['execution_time']:.2f} |")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\nPeak memory of the largest process: {peak:.0f} MB")


if __name__ == "__main__":
    main()
