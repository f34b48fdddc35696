from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from couturier.errors import LooksError
from couturier.generate.draw import render_looks
from couturier.generate.prompts import read_prompts
from couturier.generate.records import Look
from couturier.generate.replay import replay_image
from couturier.generate.settings import GenerateSettings


def open_pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A red dress before a pale ground."""
    picture = Image.new("RGB", (132, 128), (244, 243, 240))
    picture.paste((190, 25, 40), (44, 20, 84, 112))
    picture.paste((190, 25, 40), (34, 60, 94, 112))
    picture.save(tmp_path / "source.png")
    return tmp_path / "source.png"


def draw(settings: GenerateSettings, out: Path, **changes: object) -> Look:
    asked = settings.model_copy(update={"steps": 4, **changes})
    (look,) = render_looks(read_prompts(["a blue dress"]), out=out, settings=asked)
    return look


@pytest.mark.parametrize("sampler", ["dpm++2m-karras", "pndm", "euler"])
def test_only_the_garment_asked_for_is_drawn_anew(
    settings: GenerateSettings, source: Path, tmp_path: Path, sampler: str
) -> None:
    look = draw(settings, tmp_path / "a", source=source, only="dress", sampler=sampler)
    before, after = open_pixels(source)[:, :128], open_pixels(tmp_path / "a" / look.file)
    changed = np.any(before != after, axis=2)
    assert changed[70, 64]
    assert changed[:16].sum() == changed[:, 110:].sum() == 0
    assert (look.settings["only"], look.settings["faithful"]) == ("dress", "off")
    assert replay_image(tmp_path / "a" / look.file).equal


def test_a_weaker_start_keeps_more_of_the_picture(
    settings: GenerateSettings, source: Path, tmp_path: Path
) -> None:
    looks = [draw(settings, tmp_path / str(s), source=source, strength=s) for s in (0.25, 1.0)]
    assert all(look.settings["width"] == 128 for look in looks)
    weak, strong = (
        open_pixels(tmp_path / str(s) / look.file)
        for s, look in zip((0.25, 1.0), looks, strict=True)
    )
    assert not np.array_equal(weak, strong)
    assert replay_image(tmp_path / "0.25" / looks[0].file).equal


def test_a_source_that_was_changed_since_is_named_by_replay(
    settings: GenerateSettings, source: Path, tmp_path: Path
) -> None:
    look = draw(settings, tmp_path / "a", source=source)
    Image.new("RGB", (128, 128), "green").save(source)
    result = replay_image(tmp_path / "a" / look.file)
    assert not result.equal
    assert result.differences[0].startswith("source_pixels: ")


def test_what_cannot_be_started_from_is_told(
    settings: GenerateSettings, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(LooksError, match="no hat can be found in it"):
        draw(settings, tmp_path, source=source, only="hat")
    with pytest.raises(LooksError, match="no kind of garment couturier knows"):
        draw(settings, tmp_path, source=source, only="flibber")
    with pytest.raises(LooksError, match="no picture to keep the rest of"):
        draw(settings, tmp_path, only="hat")
    with pytest.raises(LooksError, match="No such file"):
        draw(settings, tmp_path, source=tmp_path / "none.png")
