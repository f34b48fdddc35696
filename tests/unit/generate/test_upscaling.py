import importlib.util
from itertools import product
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from couturier.errors import MissingExtraError, SettingsError
from couturier.generate.draw import render_looks
from couturier.generate.metadata import read_making
from couturier.generate.prompts import read_prompts
from couturier.generate.replay import replay_image
from couturier.generate.settings import GenerateSettings
from couturier.generate.upscale import load_upscaler

HAS_SPANDREL = importlib.util.find_spec("spandrel") is not None
HAS_TORCHVISION = importlib.util.find_spec("torchvision") is not None


def make_model(path: Path) -> Path:
    """Write an ESRGAN generator in its published layout: one block, 4 channels, twice as large."""
    generator = torch.Generator().manual_seed(0)
    shapes = {"model.0": (4, 3), "model.1.sub.1": (4, 4), "model.3": (4, 4), "model.5": (4, 4)}
    shapes["model.7"] = (3, 4)
    for dense, layer in product((1, 2, 3), range(1, 6)):
        out = 4 if layer == 5 else 32
        shapes[f"model.1.sub.0.RDB{dense}.conv{layer}.0"] = (out, 4 + 32 * (layer - 1))
    tensors = {}
    for name, (out, inside) in shapes.items():
        tensors[f"{name}.weight"] = torch.randn(out, inside, 3, 3, generator=generator) * 0.1
        tensors[f"{name}.bias"] = torch.zeros(out)
    save_file(tensors, path)
    return path


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "4x.pth").write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(SettingsError, match="pickled weights can run code"):
        load_upscaler(tmp_path / "4x.pth", "cpu")


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.safetensors: no such file"):
        load_upscaler(tmp_path / "none.safetensors", "cpu")


@pytest.mark.skipif(HAS_SPANDREL, reason="the extra 'upscale' is installed")
def test_without_the_extra_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match="--upscale needs the extra 'upscale'") as told:
        load_upscaler(make_model(tmp_path / "2x.safetensors"), "cpu")
    assert told.value.fix == 'pip install "couturier[upscale]"'


@pytest.mark.skipif(
    not HAS_SPANDREL or HAS_TORCHVISION, reason="spandrel is not there, or torchvision is"
)
def test_without_torchvision_that_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match="needs torchvision, which spandrel imports"):
        load_upscaler(make_model(tmp_path / "2x.safetensors"), "cpu")


@pytest.mark.skipif(
    not (HAS_SPANDREL and HAS_TORCHVISION),
    reason="spandrel imports torchvision, which has no build for the torch of the tests",
)
def test_looks_are_made_larger_recorded_and_drawn_again(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    model = make_model(tmp_path / "2x.safetensors")
    plain, large = settings, settings.model_copy(update={"upscale": model})
    (small,) = render_looks(read_prompts(["red hat"]), out=tmp_path / "small", settings=plain)
    (look,) = render_looks(read_prompts(["red hat"]), out=tmp_path / "large", settings=large)
    with (
        Image.open(tmp_path / "small" / small.file) as before,
        Image.open(tmp_path / "large" / look.file) as after,
    ):
        assert after.size == (2 * before.width, 2 * before.height)
        assert "Postprocess upscaler: 2x.safetensors" in after.text["parameters"]
    assert read_making(tmp_path / "large" / look.file).settings["upscale_by"] == 2
    assert replay_image(tmp_path / "large" / look.file).equal
