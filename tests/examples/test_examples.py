"""The examples run as their docstrings say, each in its own process."""

import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

from couturier.cli.main import main
from tests.fakes import TINY_PX, make_dataset, make_tiny_base

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(script: str, *arguments: str) -> str:
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, str(EXAMPLES / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_adapter_draws_in_plain_diffusers(tmp_path: Path) -> None:
    base, data = make_tiny_base(tmp_path / "base"), make_dataset(tmp_path / "data")
    model, picture = tmp_path / "model", tmp_path / "out.png"
    steps = ["--set", "train.max_steps=1", "--set", "train.batch_size=1"]
    assert main(["train", str(data), "--base", str(base), "--out", str(model), *steps]) == 0
    run("load_in_plain_diffusers.py", str(base), str(model), "a red dress", str(picture))
    with Image.open(picture) as drawn:
        assert drawn.size == (TINY_PX, TINY_PX)


def test_a_data_set_reads_in_hugging_face_datasets(tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "data", n_items=3)
    assert run("read_with_datasets.py", str(data)).startswith("3 pictures; columns: image, text")
