"""Measure the pattern judge on real photographs: the shop's word against plain or patterned.

    python -m benchmarks.patterns ../shared/fashion-products

Only products the segmenter was never trained on, whose title names a pattern or says "solid". The
limits were set on products with an even number; the odd ones measure. Also: whether mini's towers
tell the right pattern word from a wrong one.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from PIL import Image

from benchmarks.copies import tell
from couturier.garments.grammar import find_garments
from couturier.garments.records import Garment
from couturier.vision.embeddings import Towers, find_towers, load_towers
from couturier.vision.patterns import PatternReceipt, can_be_seen, judge_patterns
from couturier.vision.receipts import find_sightings
from couturier.vision.records import RIGHT, UNSURE
from couturier.vision.segmenter import GarmentSegmenter, load_own_segmenter
from tools.mini.photos import read_products

_WORDS = ("striped", "checked", "printed")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    segmenter, towers = load_own_segmenter(), load_towers(_require(find_towers()))
    assert segmenter is not None
    judged, told = [], []
    for number, garment, image in _list_products(given.data):
        if number % 2:
            judged.append(_judge(image, garment, segmenter))
        if garment.pattern in _WORDS:
            told.append(_tells_word(towers, image, garment))
    sure = [one for one in judged if one.verdict != UNSURE]
    rates = [
        tell("judged at all", len(sure), len(judged)),
        tell("of these right", sum(one.verdict == RIGHT for one in sure), len(sure)),
        tell("the towers prefer the right word to a wrong one", sum(told), len(told)),
    ]
    print(json.dumps(rates, indent=2))


def _list_products(data: Path) -> Iterator[tuple[int, Garment, Image.Image]]:
    for product in read_products(data):
        garments = find_garments(product.title) if product.held_out else []
        if len(garments) == 1 and can_be_seen(garments[0].pattern):
            with Image.open(data / "images" / f"{product.image_id}.webp") as picture:
                yield int(product.image_id), garments[0], picture.convert("RGB")


def _judge(image: Image.Image, garment: Garment, segmenter: GarmentSegmenter) -> PatternReceipt:
    sightings = find_sightings(image, [garment], segmenter)
    (judged,) = judge_patterns(image, [garment], sightings)
    return judged


def _tells_word(towers: Towers, image: Image.Image, garment: Garment) -> bool:
    """Say whether the right word is nearer than the next one of the list."""
    wrong = _WORDS[(_WORDS.index(str(garment.pattern)) + 1) % len(_WORDS)]
    right = towers.measure(image, garment.phrase())
    return right > towers.measure(image, replace(garment, pattern=wrong).phrase())


def _require(folder: Path | None) -> Path:
    assert folder is not None, "mini's towers are not installed"
    return folder


if __name__ == "__main__":
    main()
