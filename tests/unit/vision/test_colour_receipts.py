import numpy as np
import pytest
import torch
from PIL import Image, ImageColor, ImageDraw

from couturier.garments.records import Garment
from couturier.vision.masks import LabelledPicture
from couturier.vision.receipts import judge_labelled, read_receipt
from couturier.vision.segmenter import GarmentSegmenter

NAMES = ("background", "person", "t-shirt", "top", "jacket", "skirt", "shorts", "shoes", "hat")
HAT, JACKET, SHIRT = (40, 5, 88, 25), (20, 40, 100, 80), (40, 85, 90, 120)


def board(*pieces, ground="#ffffff"):
    """A picture of rectangles whose classes are known exactly: (class, box, colour) each."""
    pixels = np.full((128, 128, 3), ImageColor.getrgb(ground), np.uint8)
    labels = np.zeros((128, 128), np.uint8)
    for name, (left, top, right, bottom), colour in pieces:
        pixels[top:bottom, left:right] = ImageColor.getrgb(colour)
        labels[top:bottom, left:right] = NAMES.index(name)
    return LabelledPicture(pixels, labels, NAMES)


def verdicts(picture, *garments):
    return [entry.verdict for entry in judge_labelled(picture, garments)]


PINK_HAT, ORANGE_JACKET, WHITE_TSHIRT = (
    Garment("bucket hat", "pink"),
    Garment("jacket", "orange"),
    Garment("t-shirt", "white"),
)


def test_three_garments_in_their_colours_are_right():
    picture = board(
        ("hat", HAT, "#f08cb4"), ("jacket", JACKET, "#e8761a"), ("t-shirt", SHIRT, "#f6f6f4")
    )
    receipt = judge_labelled(picture, [PINK_HAT, ORANGE_JACKET, WHITE_TSHIRT])
    assert [entry.verdict for entry in receipt] == ["right"] * 3
    assert [entry.seen for entry in receipt] == ["pink", "orange", "white"]
    assert receipt[1].share == pytest.approx(80 * 40 / 128**2, abs=0.001)


def test_interchanged_colours_are_wrong_and_named():
    picture = board(("hat", HAT, "#e8761a"), ("jacket", JACKET, "#f08cb4"))
    receipt = judge_labelled(picture, [PINK_HAT, ORANGE_JACKET])
    assert [entry.verdict for entry in receipt] == ["wrong", "wrong"]
    assert [entry.seen for entry in receipt] == ["orange", "pink"]
    assert receipt[0].delta_e > 20


def test_a_garment_that_is_not_there_is_missing():
    picture = board(("jacket", JACKET, "#e8761a"))
    receipt = judge_labelled(picture, [PINK_HAT, ORANGE_JACKET])
    assert [entry.verdict for entry in receipt] == ["missing", "right"]
    assert receipt[0].seen is None
    assert receipt[0].share == 0


def test_a_top_the_segmenter_calls_a_tshirt_is_found():
    assert verdicts(board(("t-shirt", SHIRT, "#2f8f46")), Garment("top", "green")) == ["right"]


def test_a_collar_in_its_own_class_does_not_speak_for_a_shirt_in_another():
    collar, shirt = ("top", (40, 80, 90, 85), "#c8161d"), ("t-shirt", SHIRT, "#2f8f46")
    assert verdicts(board(collar, shirt), Garment("top", "green")) == ["right"]


def test_a_neighbouring_class_that_another_garment_claims_is_not_taken():
    picture = board(("t-shirt", SHIRT, "#2f8f46"))
    asked = [Garment("top", "red"), Garment("t-shirt", "green")]
    assert verdicts(picture, *asked) == ["missing", "right"]


def test_two_garments_of_one_class_are_matched_by_colour_wherever_they_stand():
    boxes = [("skirt", (10, 10, 50, 50), "#b01020"), ("skirt", (70, 70, 110, 120), "#1a1a1c")]
    asked = [Garment("skirt", "black"), Garment("skirt", "red")]
    assert verdicts(board(*boxes), *asked) == ["right", "right"]
    assert verdicts(board(*reversed(boxes)), *asked) == ["right", "right"]


def test_two_garments_asked_and_one_region_seen_is_unsure():
    picture = board(("skirt", (10, 10, 50, 50), "#b01020"))
    asked = [Garment("skirt", "black"), Garment("skirt", "red")]
    assert verdicts(picture, *asked) == ["unsure", "unsure"]


def test_a_pair_of_shoes_is_one_garment():
    pair = [("shoes", (10, 100, 40, 120), "#111111"), ("shoes", (70, 100, 100, 120), "#151515")]
    assert verdicts(board(*pair), Garment("sneakers", "black")) == ["right"]


def test_a_kind_the_segmenter_was_never_taught_is_unsure_not_missing():
    asked = [Garment("bikini bottom", "black"), Garment("skirt", "black")]
    assert verdicts(board(("skirt", SHIRT, "#101010")), *asked) == ["unsure", "right"]


def test_even_stripes_are_unsure_and_asked_together_right():
    pieces = [("top", (20, 20 + 8 * i, 100, 28 + 8 * i), "#fafafa") for i in range(0, 10, 2)]
    pieces += [("top", (20, 28 + 8 * i, 100, 36 + 8 * i), "#16204a") for i in range(0, 10, 2)]
    assert verdicts(board(*pieces), Garment("top", "white")) == ["unsure"]
    assert verdicts(board(*pieces), Garment("top", "navy and white")) == ["right"]


def test_a_few_pixels_are_unsure():
    assert verdicts(board(("hat", (5, 5, 10, 10), "#f08cb4")), PINK_HAT) == ["unsure"]


def test_a_garment_of_no_asked_colour_is_right_by_being_there():
    receipt = judge_labelled(board(("jacket", JACKET, "#e8761a")), [Garment("jacket")])
    assert (receipt[0].verdict, receipt[0].seen, receipt[0].delta_e) == ("right", "orange", None)


def test_a_colour_word_nobody_knows_is_unsure():
    picture = board(("jacket", JACKET, "#e8761a"))
    assert verdicts(picture, Garment("jacket", "flibber")) == ["unsure"]


def test_without_a_segmenter_one_garment_before_a_plain_ground_is_judged():
    picture = Image.new("RGB", (256, 256), "#f4f1ec")
    ImageDraw.Draw(picture).rectangle((80, 60, 180, 220), fill="#2f8f46")
    (entry,) = read_receipt(picture, [Garment("dress", "green")], None)
    assert (entry.verdict, entry.seen) == ("right", "green")


def test_without_a_segmenter_two_garments_are_unsure():
    receipt = read_receipt(Image.new("RGB", (64, 64)), [PINK_HAT, ORANGE_JACKET], None)
    assert [entry.verdict for entry in receipt] == ["unsure", "unsure"]


def test_no_garments_make_an_empty_receipt():
    assert read_receipt(Image.new("RGB", (64, 64)), [], None) == ()


def test_a_segmenter_is_asked_and_a_receipt_is_plain_json():
    torch.manual_seed(0)
    segmenter = GarmentSegmenter(NAMES).eval()
    (entry,) = read_receipt(Image.new("RGB", (64, 64), "red"), [PINK_HAT], segmenter)
    assert set(entry.as_dict()) >= {"kind", "asked", "seen", "verdict"}
