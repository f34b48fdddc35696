"""Outfits: what of a sentence can be drawn garment by garment, and where each garment goes."""

import re
from collections.abc import Sequence

from couturier.diffusion.collage import Collage
from couturier.diffusion.layout import MOST, list_boxes
from couturier.garments.colours import find_colour, name_colour
from couturier.garments.grammar import find_garments
from couturier.garments.kinds import family_of
from couturier.garments.records import Garment
from couturier.garments.vocabulary import BRAND

# From head to feet, as outfits are laid out.
_ORDER = (
    "hat", "eyewear", "scarf", "tie", "jacket", "top", "t-shirt", "shirt", "sweater", "dress",
    "jumpsuit", "swimwear", "underwear", "belt", "watch", "bag", "skirt", "trousers", "shorts",
    "socks", "shoes",
)  # fmt: skip
# Somebody has the clothes on: then they are not laid out side by side.
_WORN = re.compile(
    r"\b(wear(ing|s)?|worn|dressed|standing|sitting|walking|posing|portrait|runway|street)\b", re.I
)
SEVERAL, MANY = 2, 4  # garments: to be laid out, and to be laid out quicker
_SHARES = 0.6, 0.5  # of several garments, of many: those take longer to draw alone


def plan_collage(prompt: str) -> Collage | None:
    """Plan a sentence's garments side by side; None where it asks for one, or has them worn."""
    garments = find_garments(prompt)
    if not SEVERAL <= len(garments) <= MOST or _WORN.search(prompt):
        return None
    order = sorted(range(len(garments)), key=lambda number: _rank(garments[number]))
    boxes = [box for _, box in sorted(zip(order, list_boxes(len(garments)), strict=True))]
    share = _SHARES[len(garments) >= MANY]
    return Collage(tuple(map(describe_alone, garments)), tuple(boxes), share)


def pick(collage: Collage, numbers: Sequence[int]) -> Collage:
    """Take some garments of a collage, to be drawn into a picture that lacks them."""
    return Collage(
        tuple(collage.sentences[number] for number in numbers),
        tuple(collage.boxes[number] for number in numbers),
        collage.share,
    )


def describe_alone(garment: Garment) -> str:
    """Say a garment in words a base can read: a value or a brand's colour by the nearest word."""
    words = garment.phrase()
    asked = find_colour(garment.colour) if garment.colour else None
    if garment.colour and asked and (asked.name.startswith("#") or asked.name in BRAND):
        return words.replace(garment.colour, name_colour(asked.lab).name, 1)
    return words


def _rank(garment: Garment) -> int:
    family = family_of(garment.kind)
    return _ORDER.index(family) if family in _ORDER else len(_ORDER)
