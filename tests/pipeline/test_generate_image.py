"""`python generate_image.py "PROMPT"` in the root does what `couturier generate` does."""

import subprocess
import sys
from pathlib import Path

from couturier.generate.records import read_looks
from tests.fakes import make_tiny_base

ROOT = Path(__file__).resolve().parents[2]


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "generate_image.py"), *arguments],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_prompt_gives_a_picture(tmp_path: Path) -> None:
    base = make_tiny_base(tmp_path / "base")
    done = run(tmp_path, "a red dress", "--base", str(base), "--steps", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "looks/first/0001-0.png\n"
    (look,) = read_looks(tmp_path / "looks/first")
    assert (look.prompt, look.safety["verdict"]) == ("a red dress", "pass")


def test_without_a_prompt_the_originals_sentence_and_base_are_asked_for(tmp_path: Path) -> None:
    done = run(tmp_path)  # no network in tests: the original's base cannot be had
    assert done.returncode == 1
    assert done.stderr.startswith("error: CompVis/stable-diffusion-v1-4: not on this machine")
    assert done.stderr.count("\n") == 2
