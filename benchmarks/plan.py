"""Holds `couturier train --plan` against real runs: seconds a step, peak memory, disk.

    python -m benchmarks.plan [--threads 1]

Each case is planned and then run, in processes of their own. Steps are compared in computing time,
which other jobs on the machine change little. The target is 25 % either way.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.training import make_pictures

CASES: tuple[dict[str, Any], ...] = (
    {"resolution_px": 128, "batch_size": 8},
    {"resolution_px": 128, "batch_size": 2},
    {"resolution_px": 256, "batch_size": 4},
    {"resolution_px": 256, "batch_size": 4, "gradient_checkpointing": True},
)
_STEPS = 8


def run_json(module: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Run a Python module and read the JSON in its last line."""
    done = subprocess.run(
        [sys.executable, "-m", *module],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def compare(case: dict[str, Any], work: Path, environment: dict[str, str]) -> None:
    """Plan one case, run it, and print a line of both."""
    settings = {"base": "mini", "max_steps": _STEPS, "validation_pictures": 0, **case}
    sets = [f"--set=train.{name}={json.dumps(value)}" for name, value in settings.items()]
    out = work / f"run-{len(list(work.iterdir()))}"
    command = ["couturier", "train", str(work / "data"), "--out", str(out), "--plan", "--json"]
    planned = run_json([*command, *sets], environment)
    request = {"dataset": str(work / "data"), "out": str(out), "settings": settings}
    found = run_json(["benchmarks.timed_run", "own", json.dumps(request)], environment)
    disk_mb = sum(file.stat().st_size for file in out.rglob("*") if file.is_file()) / 1e6
    rows = (
        ("s a step", planned["step_s"], found["step_cpu_s"]),
        ("MB memory", planned["memory_mb"], found["peak_mb"]),
        ("MB disk", planned["disk_mb"], disk_mb),
    )
    for name, plan, real in rows:
        print(f"| {case} | {name} | {plan:.3f} | {real:.3f} | {plan / real - 1:+.0%} |", flush=True)


def main() -> None:
    """Compare all cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(chosen.threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "TRANSFORMERS_VERBOSITY": "error",
    }
    print("| case | what | planned | real | off by |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        make_pictures(Path(name) / "data", 24, 256)
        for case in CASES:
            compare(case, Path(name), environment)


if __name__ == "__main__":
    main()
