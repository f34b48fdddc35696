import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from couturier.dataset.check import check_catalogue
from couturier.dataset.colour_words import doubt_colour
from couturier.dataset.fingerprints import find_twins, take_fingerprint
from couturier.dataset.page import write_check_page
from couturier.dataset.records import HELD_OUT, read_items
from couturier.dataset.settings import DatasetSettings
from couturier.garments.records import Garment
from couturier.vision.foreground import read_palette


def draw(seed, colour=(60, 120, 70), size=(240, 320)):
    """Draw blobs before white, the same for the same seed."""
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    rng = np.random.default_rng(seed)
    for shade in (1.0, 0.8, 0.6, 0.9, 0.7, 0.5):
        left, top = rng.uniform(0.12, 0.5, 2)
        right, bottom = left + rng.uniform(0.1, 0.35), top + rng.uniform(0.1, 0.35)
        box = [left * size[0], top * size[1], right * size[0], bottom * size[1]]
        pen.ellipse(box, fill=tuple(round(shade * one) for one in colour))
    return image


def encode_anew(image, scale=0.7, quality=80):
    small = image.resize((round(image.width * scale), round(image.height * scale)))
    data = io.BytesIO()
    small.save(data, "JPEG", quality=quality)
    return Image.open(data).convert("RGB")


def test_a_picture_made_smaller_and_encoded_anew_is_a_twin():
    images = [draw(1), draw(2), encode_anew(draw(1))]
    twins = find_twins([take_fingerprint(image) for image in images])
    assert twins[:2] == [None, None]
    assert (twins[2].first, twins[2].same_colour) == (0, True)


def test_the_same_picture_in_another_colour_is_a_twin_of_another_colour():
    images = [draw(1), draw(1, colour=(150, 95, 70))]
    twin = find_twins([take_fingerprint(image) for image in images])[1]
    assert (twin.first, twin.same_colour) == (0, False)


def test_pictures_of_one_flat_colour_are_not_compared():
    assert take_fingerprint(Image.new("RGB", (50, 50), "red")) == ""
    assert find_twins(["", ""]) == [None, None]


def test_bands_find_every_twin_that_comparing_all_pairs_finds():
    rng = np.random.default_rng(0)
    first = rng.integers(0, 256, 224, dtype=np.uint8)
    marks = [first]
    for n_bits in (1, 8, 16, 17, 40):
        other = np.unpackbits(first)
        other[rng.choice(256, n_bits, replace=False)] ^= 1
        marks.append(np.packbits(other))
    encoded = [base64.b64encode(one.tobytes()).decode() for one in marks]
    bits = [twin.bits if twin and twin.first == 0 else None for twin in find_twins(encoded)]
    assert bits[:4] == [None, 1, 8, 16]
    assert None in bits[4:]


@pytest.mark.parametrize(
    ("word", "doubted"),
    [("red", True), ("blue", True), ("green", False), ("white", False), ("flowery", False)],
)
def test_a_colour_word_is_doubted_where_nothing_of_it_is_seen(word, doubted):
    reason = doubt_colour([Garment("shirt", word)], [read_palette(draw(1))])
    assert (reason is not None) == doubted


def test_rows_of_two_garments_are_not_judged():
    two = [Garment("shirt", "red"), Garment("skirt", "red")]
    assert doubt_colour(two, [read_palette(draw(1))]) is None


def make_twins(shop, n=12):
    for number in range(n):
        draw(number).save(shop.images / f"{number}.png")
        encode_anew(draw(number)).save(shop.images / f"{number}b.jpg")
    ids = [f"{number}{end}" for number in range(n) for end in ("", "b")]
    shop.write([{"image_id": own, "description": f"Green shirt no {own}"} for own in ids])


def test_twins_are_told_and_go_to_one_split(shop):
    make_twins(shop)
    summary = shop.build(held_out_share=0.5, rare_below=0)
    split = {item.image_id: item.split for item in read_items(shop.out)}
    assert summary.faults["near picture"] == 12
    assert 0 < list(split.values()).count(HELD_OUT) < 24
    assert all(split[str(number)] == split[f"{number}b"] for number in range(12))


def test_a_second_build_knows_what_the_first_one_saw(shop):
    make_twins(shop, n=2)
    first, second = shop.build(), shop.build()
    assert second.n_reused == 4
    assert second.faults == first.faults == {"near picture": 2}


def test_a_kind_too_few_pictures_show_is_told_once(shop):
    kinds = ["shirt"] * 18 + ["cape"] * 2
    rows = [{"image_id": n, "description": f"A red {kind}"} for n, kind in enumerate(kinds)]
    shop.write(rows)
    found = check_catalogue(shop.data, images=None, settings=DatasetSettings()).faults
    (rare,) = [fault for fault in found if fault.fault == "rare kind"]
    assert rare.message.startswith("only 2 pictures show 'cape': 18, 19; fix: add pictures")


def test_the_page_shows_twins_side_by_side_and_escapes_what_rows_say(shop, tmp_path):
    draw(1).save(shop.images / "1.png")
    encode_anew(draw(1)).save(shop.images / "2.jpg")
    rows = [{"image_id": 1, "description": "Red shirt"}, {"image_id": 2, "title": "Green <b>x"}]
    shop.write([*rows, {"image_id": "<script>", "description": "x"}])
    check = check_catalogue(shop.data, images=shop.images, settings=DatasetSettings())
    write_check_page(shop.data, check, out=tmp_path / "check.html")
    page = (tmp_path / "check.html").read_text("utf-8")
    order = [page.index(f'id="{kind}"') for kind in ("no-picture", "near-picture", "colour-word")]
    assert order == sorted(order)
    assert "2 of 3 rows can be used" in page
    assert "<script>" not in page
    assert "data:image/webp;base64," in page
    assert "http://" not in page
