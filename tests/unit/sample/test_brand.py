import json
from functools import lru_cache

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from couturier.garments.colours import difference, find_colour
from couturier.garments.grammar import find_garments
from tools.sample_brand.__main__ import draw_product, write_row
from tools.sample_brand.brand import COLOURS, rgb
from tools.sample_brand.collection import Product, read_collection
from tools.sample_brand.layout import BOX, place_product
from tools.sample_brand.wardrobe import DRAWINGS
from tools.sample_brand.wording import garment_words, listed

NEAR = 6.5
"""ΔE2000 that folds, seams and the house's signs may move a small garment's median at most."""

HELD_OUT = [
    {"green satin crop top"},
    {"white jersey graphic tee", "black jersey bikini bottom"},
    {"grey knit sweater dress"},
    {"grey rib knit sweater dress"},
]
"""What the demo's four sentences ask for; the adapter must not have seen it."""


def product(name: str) -> Product:
    return next(p for p in read_collection() if p.name.startswith(name))


@lru_cache(maxsize=8)
def drawn(name: str) -> tuple[Image.Image, Image.Image]:
    return draw_product(product(name))


def to_lab(colour: np.ndarray) -> np.ndarray:
    lab: np.ndarray = rgb2lab(colour / 255)
    return lab


def test_the_collection_has_about_a_hundred_and_fifty_products() -> None:
    products = read_collection()
    assert 140 <= len(products) <= 170
    assert len({p.product_id for p in products}) == len({p.name for p in products}) == len(products)
    assert sum(len(p.items) > 1 for p in products) >= 25


def test_every_kind_and_colour_of_the_list_can_be_drawn() -> None:
    items = [item for p in read_collection() for item in p.items]
    assert {item.kind for item in items} <= set(DRAWINGS)
    assert {item.colour for item in items} <= set(COLOURS)


def test_the_sentences_kept_for_testing_are_not_in_the_collection() -> None:
    for p in read_collection():
        exact = {f"{item.colour} {item.material} {item.kind}" for item in p.items}
        coarse = {f"{item.colour} {item.kind.split()[-1]}" for item in p.items}
        assert not any(outfit <= exact for outfit in HELD_OUT), p.name
        assert not {"pink hat", "orange jacket"} <= coarse, p.name


@pytest.mark.parametrize("name", ["Ines", "Mika", "Priya"])
def test_a_picture_is_the_same_every_time(name: str) -> None:
    again, labels = draw_product(product(name))
    assert again.tobytes() == drawn(name)[0].tobytes()
    assert labels.tobytes() == drawn(name)[1].tobytes()


@pytest.mark.parametrize("name", ["Ines", "Lotte", "Hedda", "Priya", "Buckley"])
def test_the_colour_drawn_is_the_colour_said(name: str) -> None:
    picture, labels = (np.asarray(image) for image in drawn(name))
    for label, item in enumerate(product(name).items, 1):
        seen = np.median(to_lab(picture[labels == label]), axis=0)
        asked = find_colour(item.colour)
        assert asked is not None
        assert difference(np.asarray(asked.lab), seen) < NEAR, item


def test_the_brands_colours_are_those_of_the_vocabulary() -> None:
    for word in COLOURS:
        known = find_colour(word)
        assert known is not None, word
        own = to_lab(np.array(rgb(word), dtype=float))
        assert difference(np.asarray(known.lab), own) < 4, word


def test_garments_stand_inside_the_square_middle_of_the_picture() -> None:
    for p in read_collection():
        for placed in place_product(p):
            points = np.concatenate([placed.at.apply(x.outline) for x in placed.piece.panels])
            assert (points.min(axis=0) > np.array(BOX[:2]) - 1).all(), p.name
            assert (points.max(axis=0) < np.array(BOX[2:]) + 1).all(), p.name


def test_a_row_has_the_shops_form() -> None:
    row = write_row(product("Ines"))
    assert list(row) == ["title", "created_date", "main_category", "sub_category", "description"]
    assert row["title"] == "Ines Coral Satin Crop Top"
    assert row["created_date"] == "2024-02-05 00:00:00"
    assert row["main_category"] == "Tops"


def test_rows_are_the_same_every_time() -> None:
    once, again = ([write_row(p) for p in read_collection()] for _ in range(2))
    assert json.dumps(once) == json.dumps(again)


def test_copy_is_as_untidy_as_a_shops() -> None:
    texts = [write_row(p)["description"] for p in read_collection()]
    assert sum("<p>" in text for text in texts) >= 10
    assert sum(len(text.split()) > 77 for text in texts) >= 5
    assert 25 <= np.mean([len(text.split()) for text in texts]) <= 60


def test_the_grammar_sees_the_garments_that_the_copy_names() -> None:
    right = 0
    for p in read_collection():
        row = write_row(p)
        seen = find_garments(row["description"], title=row["title"])
        right += sorted(str(g.colour) for g in seen) == sorted(i.colour for i in p.items)
    assert right / len(read_collection()) > 0.95


def test_a_length_that_the_kind_does_not_say_is_put_before_it() -> None:
    assert garment_words(product("Lior").items[0]) == "mini slip dress"
    assert garment_words(product("Hedda").items[0]) == "sweater mini dress"
    assert garment_words(product("Mika").items[0]) == "plaid mini skirt"


def test_a_list_of_three_has_a_comma_before_its_end() -> None:
    assert listed(["a", "b", "c"]) == "a, b, and c"
    assert listed(["a", "b"]) == "a and b"
