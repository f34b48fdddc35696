from couturier.evaluate.comments import judge_faithful, write_comment
from couturier.vision.records import GarmentReceipt


def entry(kind, asked, seen, verdict, *, delta_e=None, seen_hex="#3f7d4e"):
    found = seen is not None
    return GarmentReceipt(kind, asked, seen, seen_hex if found else None, delta_e, 0.1, verdict)


GREEN_TOP = entry("crop top", "green", "green", "right", delta_e=6.1)
PINK_JACKET = entry("jacket", "orange", "pink", "wrong", delta_e=38.0)
ORANGE_HAT = entry("bucket hat", "pink", "orange", "wrong", delta_e=41.2)
NO_BAG = entry("bag", "red", None, "missing")
WHERE = entry("skirt", "black", None, "unsure")


def test_a_right_garment_is_told_with_its_colour_and_difference():
    assert write_comment([GREEN_TOP], {}) == (
        "Crop top: asked green, seen green (#3f7d4e, ΔE 6.1) - right."
    )


def test_interchanged_colours_are_named_as_such():
    comment = write_comment([PINK_JACKET, ORANGE_HAT], {})
    assert comment.endswith("The colours of the jacket and the bucket hat are interchanged.")


def test_two_plain_misses_are_not_called_interchanged():
    blue = entry("bucket hat", "pink", "blue", "wrong", delta_e=40.0)
    assert "interchanged" not in write_comment([PINK_JACKET, blue], {})


def test_missing_and_unsure_are_told_in_words():
    comment = write_comment([NO_BAG, WHERE], {})
    assert comment == (
        "Bag: asked red, not found in the picture. Skirt: asked black, cannot tell where it is."
    )


def test_a_withheld_picture_is_told_with_its_reasons_first():
    comment = write_comment([GREEN_TOP], {"verdict": "block", "reasons": ["nudity 0.31"]})
    assert comment.startswith("Withheld by the safety checker (nudity 0.31); measured on")


def test_a_garment_without_an_asked_colour_is_told_as_there():
    comment = write_comment([entry("dress", None, "blue", "right")], {})
    assert comment == "Dress: no colour asked, seen blue (#3f7d4e) - there."


def test_a_prompt_without_garments_is_told():
    assert "names no garment" in write_comment([], {})


def test_one_plain_miss_decides_over_what_cannot_be_told():
    assert judge_faithful([GREEN_TOP]) is True
    assert judge_faithful([GREEN_TOP, WHERE]) is None
    assert judge_faithful([GREEN_TOP, WHERE, NO_BAG]) is False
    assert judge_faithful([]) is None
