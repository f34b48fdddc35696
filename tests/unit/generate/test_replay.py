from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from couturier.errors import BaseModelError, LooksError
from couturier.generate.draw import render_looks
from couturier.generate.metadata import read_making, write_picture
from couturier.generate.prompts import read_prompts
from couturier.generate.replay import replay_image
from couturier.generate.settings import GenerateSettings
from tests.fakes import make_tiny_base


def draw(settings: GenerateSettings, out: Path) -> Path:
    (look,) = render_looks(read_prompts(["a red dress"]), out=out, settings=settings)
    return out / look.file


def test_pictures_of_any_settings_are_drawn_again_bit_by_bit(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    draws = np.random.default_rng(0)
    samplers = ["ddim", "pndm", "dpm++2m-karras", "unipc", "euler", "euler-a"]
    for sampler in samplers:
        changes = {
            "sampler": sampler,
            "steps": int(draws.integers(1, 5)),
            "seed": int(draws.integers(0, 2**62)),
            "guidance": round(float(draws.uniform(0, 12)), 3),
            "negative": str(draws.choice(["", "blurry", "é 👗"])),
            "size": str(draws.choice(["32x32", "40x24", "24x56"])),
        }
        picture = draw(settings.model_copy(update=changes), tmp_path)
        result = replay_image(picture)
        assert (result.equal, result.differences) == (True, ())
        assert (result.n_pixels_differing, result.max_difference) == (0, 0)


def test_a_blocked_picture_is_compared_with_its_original(
    strict_base: Path, settings: GenerateSettings, tmp_path: Path
) -> None:
    picture = draw(settings.model_copy(update={"base": str(strict_base)}), tmp_path)
    assert replay_image(picture).n_pixels_differing == 0
    (tmp_path / "quarantine" / picture.name).unlink()
    result = replay_image(picture)
    assert (result.equal, result.n_pixels_differing) == (True, None)


def test_another_base_is_named_with_the_pixels_it_changes(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    base = make_tiny_base(tmp_path / "base")
    picture = draw(settings.model_copy(update={"base": str(base)}), tmp_path / "looks")
    make_tiny_base(base, seed=1)
    result = replay_image(picture)
    assert not result.equal
    assert result.differences[0].startswith("base_hash: ")
    assert result.differences[-1].startswith("the drawing is another one: ")
    assert result.n_pixels_differing


def test_another_version_is_named(settings: GenerateSettings, tmp_path: Path) -> None:
    picture = draw(settings, tmp_path)
    making = read_making(picture)
    making.environment["diffusers"] = "0.1"
    with Image.open(picture) as image:
        write_picture(picture, image.copy(), making)
    result = replay_image(picture)
    assert result.equal
    assert any(line.startswith("diffusers: 0.1 then, ") for line in result.differences)


def test_pixels_changed_after_drawing_are_told(settings: GenerateSettings, tmp_path: Path) -> None:
    picture = draw(settings, tmp_path)
    making = read_making(picture)
    with Image.open(picture) as image:
        edited = image.copy()
    edited.putpixel((0, 0), (edited.getpixel((0, 0))[0] ^ 64, 0, 0))
    write_picture(picture, edited, making)
    result = replay_image(picture)
    assert result.equal
    assert result.n_pixels_differing == 1
    assert result.differences == ("the file's pixels were changed after it was drawn",)


def test_a_base_that_is_gone_is_told(settings: GenerateSettings, tmp_path: Path) -> None:
    base = make_tiny_base(tmp_path / "base")
    picture = draw(settings.model_copy(update={"base": str(base)}), tmp_path / "looks")
    base.rename(tmp_path / "moved")
    with pytest.raises(BaseModelError, match="no such base model"):
        replay_image(picture)


def test_metadata_that_lacks_a_setting_is_told(settings: GenerateSettings, tmp_path: Path) -> None:
    picture = draw(settings, tmp_path)
    making = read_making(picture)
    del making.settings["dtype"]
    with Image.open(picture) as image:
        write_picture(picture, image.copy(), making)
    with pytest.raises(LooksError, match="its metadata lacks what drawing needs"):
        replay_image(picture)
