"""Faults planted in what drawing is given: each is told in one line with its fix."""

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from couturier.cli.main import main


def draw(base: Path, out: Path, *more: str, prompt: str = "a red hat") -> int:
    plain = ["--base", str(base), "--out", str(out), "--steps", "2"]
    return main(["generate", prompt, *plain, *more])


def test_a_checker_that_is_missing_stops_the_run(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(base, tmp_path / "base")
    shutil.rmtree(tmp_path / "base/safety_checker")
    assert draw(tmp_path / "base", tmp_path / "looks") == 1
    told = capsys.readouterr().err.splitlines()
    assert told[-2].endswith("the base's safety checker is missing, so nothing would be checked")
    assert told[-1].startswith("  fix: fetch or copy the base anew, or draw with --safety off")
    assert not (tmp_path / "looks").exists()


def test_weights_that_are_no_numbers_are_named(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(base, tmp_path / "base")
    weights = tmp_path / "base/unet/diffusion_pytorch_model.safetensors"
    tensors = {name: tensor * float("nan") for name, tensor in load_file(weights).items()}
    save_file(tensors, weights, metadata={"format": "pt"})
    assert draw(tmp_path / "base", tmp_path / "looks", "--faithful", "off") == 1
    told = capsys.readouterr().err.splitlines()
    assert "not one of 1 pictures could be drawn: the weights of its unet" in told[-2]
    assert told[-1].startswith("  fix: ")


def test_an_endless_prompt_is_refused(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert draw(base, tmp_path / "looks", prompt=" ".join(["word"] * 3000)) == 1
    assert "the prompt has 3,000 words, 1,000 are the most" in capsys.readouterr().err


def test_a_negative_size_is_refused(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert draw(base, tmp_path / "looks", "--size", "-64x64") == 1
    assert "the width -64 is no multiple of 8" in capsys.readouterr().err
