"""Drawing stopped half-way: a real process, Ctrl-C and SIGKILL, and then --resume."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from couturier.generate.records import read_looks
from couturier.runs import read_manifest
from tests.fakes import make_tiny_base

N_PICTURES = 24


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_base(tmp_path_factory.mktemp("bases") / "tiny")


def command(base: Path, out: Path, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "couturier", "generate", "a red dress"),
        *("--base", str(base), "--out", str(out), "--count", str(N_PICTURES)),
        *("--steps", "4", "--set", "generate.receipts=false", *options),
    ]


def stop_midway(base: Path, out: Path, *, by: signal.Signals) -> tuple[int, str]:
    """Start drawing, and send the signal once a few pictures are recorded."""
    process = subprocess.Popen(
        command(base, out),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # A suite started in the background ignores Ctrl-C, and its children with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        lines = out / "looks.jsonl"
        if lines.is_file() and lines.read_text().count("\n") >= 3:
            process.send_signal(by)
            break
        time.sleep(0.01)
    _, error = process.communicate(timeout=60)
    return process.returncode, error


def count_recorded(out: Path) -> int:
    """Count the pictures; each has its line, but for one stopped right before it was written."""
    names = {look.file for look in read_looks(out)}
    pictures = {path.name for path in out.glob("*.png")}
    assert names <= pictures
    assert len(pictures - names) <= 1
    assert not list(out.glob(".*.part"))
    return len(pictures)


def finish(base: Path, out: Path) -> list[dict[str, object]]:
    done = subprocess.run(
        command(base, out, "--resume", "--json"), capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_ctrl_c_leaves_all_finished_pictures_recorded(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "looks"
    status, error = stop_midway(base, out, by=signal.SIGINT)
    assert status == 130
    assert "error: stopped" in error
    assert "Traceback" not in error
    n_drawn = count_recorded(out)
    assert 3 <= n_drawn < N_PICTURES
    assert read_manifest(out)["status"] == "stopped"
    looks = finish(base, out)
    assert [look["seed"] for look in looks] == list(range(N_PICTURES))
    assert len(list(read_looks(out))) == count_recorded(out) == N_PICTURES
    counts = read_manifest(out)["counts"]
    assert (counts["drawn"], counts["taken over"]) == (N_PICTURES - n_drawn, n_drawn)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_killed_run_goes_on_where_it_was(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "looks"
    status, _ = stop_midway(base, out, by=signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert len(finish(base, out)) == N_PICTURES
    names = [look.file for look in read_looks(out)]
    assert len(set(names)) == N_PICTURES
    assert sorted(names) == sorted(path.name for path in out.glob("*.png"))
