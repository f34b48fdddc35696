from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from couturier.errors import LooksError
from couturier.garments.colours import difference, find_colour
from couturier.generate.colourways import write_colourways
from couturier.generate.draw import render_looks
from couturier.generate.metadata import read_making, write_picture
from couturier.generate.prompts import read_prompts
from couturier.generate.replay import replay_image
from couturier.generate.settings import GenerateSettings
from couturier.vision.colours import measure_colour

# Straps, a waist and a wide hem, for the segmenter judges by shape.
DRESS = [
    (50, 14), (56, 14), (60, 24), (68, 24), (72, 14), (78, 14), (82, 30), (78, 58), (100, 114),
    (28, 114), (50, 58), (46, 30),
]  # fmt: skip


def open_pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture
def look(settings: GenerateSettings, tmp_path: Path) -> Path:
    """A couturier picture that truly shows a red dress before a pale ground."""
    (drawn,) = render_looks(
        read_prompts(["a red dress"]), out=tmp_path / "looks", settings=settings
    )
    path = tmp_path / "looks" / drawn.file
    picture = Image.new("RGB", (128, 128), (244, 243, 240))
    ImageDraw.Draw(picture).polygon(DRESS, fill=(190, 25, 40))
    write_picture(path, picture, read_making(path))
    return path


def test_only_the_garment_changes_and_has_the_colour_asked_for(look: Path, tmp_path: Path) -> None:
    made = write_colourways(look, ["sage", "#0a3161"], out=tmp_path / "ways")
    before = open_pixels(look)
    assert len(made) == 2
    for one, asked in zip(made, ["sage", "#0a3161"], strict=True):
        after = open_pixels(tmp_path / "ways" / one.file)
        changed = np.any(before != after, axis=2)
        dress = before[..., 1] < 100
        assert not changed[~dress].any()
        assert changed[dress].mean() > 0.9
        assert difference(measure_colour(after[changed]).lab, find_colour(asked).lab) < 5
        assert one.receipt[0]["asked"] == asked
        assert one.receipt[0]["verdict"] == "right"
    assert open_pixels(tmp_path / "ways" / "colourways.jpg").shape[1] > 3 * 256


def test_a_colourway_is_drawn_again_bit_by_bit(
    settings: GenerateSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (drawn,) = render_looks(
        read_prompts(["a red dress"]), out=tmp_path / "looks", settings=settings
    )
    monkeypatch.setattr("couturier.generate.colourways.find_sightings", _see_a_square)
    (made,) = write_colourways(tmp_path / "looks" / drawn.file, ["navy"], out=tmp_path / "ways")
    result = replay_image(tmp_path / "ways" / made.file)
    assert (result.equal, result.differences) == (True, ())


def _see_a_square(image, garments, segmenter):
    """What a tiny random base draws shows no garment; take its middle for one."""
    from couturier.vision.receipts import Sighting
    from couturier.vision.records import GarmentReceipt

    mask = np.zeros((image.height, image.width), bool)
    mask[8:24, 8:24] = True
    receipt = GarmentReceipt("dress", garments[0].colour, "red", "#c01020", 1.0, 0.25, "right")
    return (Sighting(receipt, mask),)


def test_unknown_colours_and_garments_are_told(look: Path, tmp_path: Path) -> None:
    with pytest.raises(LooksError, match="'flibber' is no colour couturier knows"):
        write_colourways(look, ["flibber"], out=tmp_path)
    with pytest.raises(LooksError, match="no hat of its sentence can be found in it"):
        write_colourways(look, ["red"], out=tmp_path, kind="hat")
    with pytest.raises(LooksError, match="no colour given"):
        write_colourways(look, [], out=tmp_path)
