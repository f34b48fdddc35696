import numpy as np
import pytest
from PIL import Image, ImageDraw

from couturier.garments.records import Garment
from couturier.vision.patterns import can_be_seen, judge_pattern, judge_patterns, measure_change
from couturier.vision.receipts import Sighting

MASK = np.zeros((128, 128), bool)
MASK[20:110, 30:100] = True


def cloth(every_px=0, *, dark="#20409a", light="#f2f2f2"):
    picture = Image.new("RGB", (128, 128), dark)
    pen = ImageDraw.Draw(picture)
    for y in range(0, 128, every_px) if every_px else ():
        pen.rectangle((0, y, 128, y + every_px // 2 - 1), fill=light)
    return picture


def judge(picture, asked, mask=MASK):
    return judge_pattern(np.asarray(picture), mask, kind="dress", asked=asked)


def test_striped_cloth_is_patterned_and_even_cloth_plain():
    assert judge(cloth(6), "striped").verdict == "right"
    assert judge(cloth(), "solid").verdict == "right"
    assert judge(cloth(), "striped").verdict == "wrong"
    assert judge(cloth(6), "solid").verdict == "wrong"


def test_a_fold_of_shade_is_no_pattern():
    shade = np.linspace(60, 160, 128)[None, :, None] * np.ones((128, 1, 3))
    found = judge(Image.fromarray(shade.astype(np.uint8)), "striped")
    assert (found.seen, found.verdict) == ("plain", "wrong")


def test_what_lies_between_is_unsure():
    assert judge(cloth(6, dark="#808080", light="#8c8c8c"), "striped").verdict == "unsure"


def test_a_garment_that_is_not_there_or_too_thin_is_unsure():
    thin = np.zeros((128, 128), bool)
    thin[60:66] = True
    assert judge(cloth(6), "striped", mask=None).verdict == "unsure"
    assert measure_change(np.asarray(cloth(6)), thin) is None


def test_even_pixels_change_by_nothing():
    assert measure_change(np.asarray(cloth()), MASK) == pytest.approx(0, abs=0.01)


def test_only_what_the_sentence_says_and_an_eye_could_see_is_judged():
    garments = [Garment("dress"), Garment("skirt", pattern="logo"), Garment("top", pattern="plaid")]
    blank = Sighting(receipt=None, mask=MASK)
    (found,) = judge_patterns(cloth(6), garments, [blank] * 3)
    assert (found.kind, found.asked, found.verdict) == ("top", "plaid", "right")
    assert not can_be_seen(None)
