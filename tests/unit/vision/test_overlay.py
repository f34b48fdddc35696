import random

import pytest
import torch
from PIL import Image, ImageDraw, ImageOps

from couturier.vision.copies import _MOVES
from couturier.vision.overlay import lay_over, read_light

WHOLE = (0.0, 0.0, 1.0, 1.0)


def draw_cloth(seed):
    draw = random.Random(seed)
    picture = Image.new("RGB", (120, 160), "#ffffff")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((20, 20, 100, 140), fill="#777777")
    for _ in range(60):
        x, y = draw.randint(20, 90), draw.randint(20, 130)
        shade = draw.randint(60, 190)
        pen.ellipse((x, y, x + draw.randint(4, 16), y + draw.randint(4, 16)), fill=(shade,) * 3)
    return picture


def agree(image, known, box=WHOLE, window=WHOLE):
    return lay_over(image, box, read_light(known), window=window, moves=_MOVES)


def test_a_picture_lies_on_itself_dyed_or_with_light_and_dark_turned_about():
    cloth = draw_cloth(1)
    dyed = ImageOps.colorize(cloth.convert("L"), "#20104a", "#f3d9d0")
    assert agree(cloth, cloth) == pytest.approx(1.0, abs=0.02)
    assert agree(dyed, cloth) > 0.9
    assert agree(ImageOps.invert(cloth), cloth) > 0.9


def test_the_same_outline_with_other_folds_does_not_agree():
    assert agree(draw_cloth(1), draw_cloth(2)) < 0.72  # copies begin higher


def test_a_window_a_little_off_is_moved_into_its_place():
    cloth = draw_cloth(1)
    window = (0.25, 0.25, 0.5, 0.5)
    part = cloth.crop((30, 40, 90, 120))
    off = (0.26, 0.242, 0.495, 0.505)
    assert agree(part, cloth, window=off) > 0.93
    still = lay_over(part, WHOLE, read_light(cloth), window=off, moves=torch.zeros(1, 4))
    assert agree(part, cloth, window=window) > still


def test_even_pictures_agree_with_nothing():
    assert agree(Image.new("RGB", (80, 80), "navy"), draw_cloth(1)) < 0.2
