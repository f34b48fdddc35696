import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from couturier.evaluate.catalogue import Catalogue
from couturier.evaluate.likeness import describe
from couturier.evaluate.settings import EvaluateSettings


def draw(ground, box, colour):
    picture = Image.new("RGB", (128, 128), ground)
    ImageDraw.Draw(picture).ellipse(box, fill=colour)
    return picture


NAVY = draw("#f4efe6", (20, 20, 100, 110), "#1c2a52")
NAVY_MOVED = draw("#f4efe6", (24, 22, 104, 112), "#1d2b50")
ORANGE = draw("#335544", (60, 5, 120, 60), "#e8761a")


def index_of(data, *, limit=10, seed=0):
    settings = EvaluateSettings(likeness_pictures=limit, seed=seed)
    return Catalogue(data, settings, tower=None, tower_hash=None).index


@pytest.fixture
def data(tmp_path):
    pictures = {"1.png": NAVY, "2.png": ORANGE, "3.png": NAVY_MOVED}
    rows = [{"file_name": name, "text": "a dress"} for name in pictures]
    for name, picture in pictures.items():
        picture.save(tmp_path / name)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "metadata.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def test_a_descriptor_is_a_unit_vector_of_whatever_size():
    for picture in (NAVY, NAVY.resize((301, 77)), Image.new("RGB", (1, 1))):
        assert np.linalg.norm(describe(picture)) == pytest.approx(1.0)


def test_the_same_picture_is_likeness_one_and_another_far_less():
    assert describe(NAVY) @ describe(NAVY) == pytest.approx(1.0)
    assert describe(NAVY) @ describe(NAVY_MOVED) > 0.85
    assert describe(NAVY) @ describe(ORANGE) < 0.6


def test_the_nearest_training_picture_is_found(data):
    index = index_of(data)
    name, likeness = index.find_nearest(ORANGE)
    assert (name, likeness) == ("2.png", pytest.approx(1.0))


def test_the_catalogue_is_measured_against_itself_leaving_each_one_out(data):
    index = index_of(data)
    assert index.own[0] == pytest.approx(index.own[2])
    assert index.own[1] < index.own[0] < 1


def test_a_broken_training_picture_is_left_out(data):
    (data / "2.png").write_bytes(b"no picture")
    assert index_of(data).files == ("1.png", "3.png")


def test_a_limit_draws_the_same_pictures_again(data):
    first, again = (index_of(data, limit=2, seed=5).files for _ in range(2))
    assert first == again
    assert len(first) == 2


def test_what_was_described_once_is_remembered(data, monkeypatch):
    first = index_of(data)
    monkeypatch.setattr("couturier.evaluate.catalogue.describe", None)
    again = index_of(data)
    assert again.files == first.files
    assert np.array_equal(again.vectors, first.vectors)
