"""The colour receipt of a picture: each garment asked for is looked for and its colour judged.

A garment takes the region of its own class, else of a class the segmenter mixes it up with and
that nobody else in the sentence claims. Garments of one class are matched to that class's
regions by colour, since the sentence does not say which is where. What cannot be told apart is
"unsure", never guessed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
from PIL import Image
from scipy.optimize import linear_sum_assignment

from couturier.garments.colours import (
    NEAR,
    difference,
    find_colour,
    find_colours,
    hex_of,
    judge_colour,
    name_colour,
)
from couturier.garments.kinds import family_of
from couturier.garments.records import Garment
from couturier.vision.colours import Lab, MainColour, measure_colour
from couturier.vision.foreground import Mask, find_foreground, shrink
from couturier.vision.masks import LabelledPicture, label_picture, settle_labels
from couturier.vision.records import MISSING, RIGHT, UNSURE, WRONG, GarmentReceipt
from couturier.vision.segmenter import GarmentSegmenter

SMALL_SHARE = 0.0025  # 40 pixels of 128 x 128: fewer give no colour one can swear to
_SCRAP_SHARE = 0.02  # where one garment alone is asked for, less is a scrap of what is shown
_SPEAKS_SHARE = 0.15  # of a garment: a second colour with less of it says nothing
_WORD = {True: RIGHT, False: WRONG, "unsure": UNSURE}
_SAME_CLOTH = 10.0  # ΔE2000 up to which two regions are parts of one garment: shoes, jacket halves

# A family's own classes first, then those the segmenter takes it for.
_CLASSES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "top": (("top",), ("t-shirt", "shirt", "sweater", "jacket", "dress")),
    "t-shirt": (("t-shirt",), ("top", "shirt", "sweater", "jacket")),
    "shirt": (("shirt",), ("top", "t-shirt", "sweater", "jacket")),
    "sweater": (("sweater",), ("top", "t-shirt", "shirt", "jacket", "dress")),
    "jacket": (("jacket",), ("sweater", "shirt")),
    "dress": (("dress",), ("top", "skirt", "t-shirt", "sweater", "jacket")),
    "jumpsuit": ((), ("dress", "trousers", "top")),
    "skirt": (("skirt",), ("shorts", "dress")),
    "trousers": (("trousers",), ("shorts",)),
    "shorts": (("shorts",), ("skirt", "trousers")),
    "shoes": (("shoes", "heels", "sandals"), ()),
    "bag": (("bag", "wallet"), ()),
    "belt": (("belt",), ()),
    "watch": (("watch",), ()),
    "eyewear": (("sunglasses",), ()),
    "hat": (("hat",), ()),
    "scarf": (("scarf",), ()),
    "tie": (("tie",), ()),
    "socks": (("socks",), ()),
    "swimwear": ((), ("top", "dress")),
    "underwear": ((), ("top",)),
}
_BOTTOM: tuple[tuple[str, ...], tuple[str, ...]] = ((), ("shorts",))
_BOTTOM_WORDS = {"bottom", "bottoms", "briefs", "brief", "panty", "thong", "trunks", "boxers"}


@dataclass(frozen=True)
class Sighting:
    """A garment asked for, as a picture shows it.

    Attributes:
        receipt: What was asked and what is seen.
        mask: Where it is; shape (height, width) of the labelled picture; None where it was not
            found, or cannot be told from another.
    """

    receipt: GarmentReceipt
    mask: Mask | None = None


@dataclass(frozen=True)
class _Patch:
    """Regions of one colour, taken for one garment."""

    colour: MainColour
    mask: Mask

    @property
    def share(self) -> float:
        return float(self.mask.mean())


def read_receipt(
    image: Image.Image, garments: Sequence[Garment], segmenter: GarmentSegmenter | None
) -> tuple[GarmentReceipt, ...]:
    """Say of each garment asked for whether the picture shows it in its colour.

    Args:
        image: The picture, of any size and mode.
        garments: What the prompt names, in its order.
        segmenter: From `load_segmenter`; with None only a single garment before a plain ground
            can be judged, all else is "unsure".

    Returns:
        One receipt a garment, in the order of `garments`.
    """
    return tuple(one.receipt for one in find_sightings(image, garments, segmenter))


def find_sightings(
    image: Image.Image, garments: Sequence[Garment], segmenter: GarmentSegmenter | None
) -> tuple[Sighting, ...]:
    """Find each garment asked for: its receipt and its mask; arguments as in `read_receipt`."""
    if not garments:
        return ()
    if segmenter is None:
        return _without_segmenter(image, garments)
    picture = settle_labels(label_picture(image, segmenter), list_classes(garments))
    seen = tuple(_doubt_scrap(one, garments) for one in sight_labelled(picture, garments))
    if len(garments) == 1 and seen[0].receipt.seen is None and not _own(garments[0]):
        return _without_segmenter(image, garments)
    return seen


def _doubt_scrap(sighting: Sighting, garments: Sequence[Garment]) -> Sighting:
    """Be unsure of a scrap where the picture is of one garment, which is large then."""
    receipt = sighting.receipt
    if len(garments) > 1 or receipt.seen is None or receipt.share >= _SCRAP_SHARE:
        return sighting
    return replace(sighting, receipt=replace(receipt, verdict=UNSURE))


def list_classes(garments: Sequence[Garment]) -> tuple[str, ...]:
    """List the segmenter's classes that garments are asked for by."""
    return tuple(name for garment in garments for name in _own(garment))


def judge_labelled(
    picture: LabelledPicture, garments: Sequence[Garment]
) -> tuple[GarmentReceipt, ...]:
    """Judge the garments asked for on a picture whose classes are known at every pixel."""
    return tuple(one.receipt for one in sight_labelled(picture, garments))


def sight_labelled(picture: LabelledPicture, garments: Sequence[Garment]) -> tuple[Sighting, ...]:
    """Find the garments asked for on a picture whose classes are known at every pixel."""
    seen: dict[int, Sighting] = {}
    claimed = {name for garment in garments for name in _own(garment)}
    for classes, members in _group_by_class(garments).items():
        if len(members) == 1:
            near = tuple(name for name in _near(garments[members[0]]) if name not in claimed)
            classes = _widen(picture, classes, near)
            claimed |= set(classes)
        seen |= _judge_group(picture, classes, [(i, garments[i]) for i in members])
    for index, garment in enumerate(garments):
        if index not in seen or seen[index].receipt.verdict == MISSING:
            near = tuple(name for name in _near(garment) if name not in claimed)
            found = _judge_group(picture, near, [(index, garment)])[index]
            if found.receipt.verdict != MISSING:
                seen[index] = found
                claimed |= set(near)
            elif not _own(garment):  # the segmenter was never taught this kind
                seen[index] = _blank(garment, UNSURE)
            else:
                seen.setdefault(index, found)
    return tuple(seen[index] for index in range(len(garments)))


def _without_segmenter(image: Image.Image, garments: Sequence[Garment]) -> tuple[Sighting, ...]:
    found = find_foreground(image) if len(garments) == 1 else None
    if found is None:
        return tuple(_blank(garment, UNSURE) for garment in garments)
    pixels, mask = found
    return (_judge(garments[0], _measure(pixels, [mask])),)


def _widen(
    picture: LabelledPicture, own: tuple[str, ...], near: tuple[str, ...]
) -> tuple[str, ...]:
    """Take the classes it is mixed up with as well where they hold most of the garment.

    Else a collar that got its class right would speak for a shirt that got it wrong.
    """
    areas = [sum(int(r.sum()) for r in picture.find_regions(names)) for names in (own, near)]
    return own + near if 0 < areas[0] < areas[1] else own


def _group_by_class(garments: Sequence[Garment]) -> dict[tuple[str, ...], list[int]]:
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, garment in enumerate(garments):
        if own := _own(garment):
            groups.setdefault(own, []).append(index)
    return groups


def _judge_group(
    picture: LabelledPicture, classes: tuple[str, ...], members: list[tuple[int, Garment]]
) -> dict[int, Sighting]:
    """Judge garments that share their classes."""
    regions = picture.find_regions(classes) if classes else []
    if not regions:
        return {index: _blank(garment, MISSING) for index, garment in members}
    if len(members) == 1:
        index, garment = members[0]
        return {index: _judge(garment, _measure(picture.pixels, regions))}
    return _judge_twins(_part_by_colour(picture, regions), len(regions), members)


def _judge_twins(
    patches: list[_Patch], n_regions: int, members: list[tuple[int, Garment]]
) -> dict[int, Sighting]:
    """Match garments of one class to its patches by colour; too few patches are "unsure"."""
    asked = {garment.colour for _, garment in members}
    if len(patches) == 1 and len(asked) == 1 and n_regions >= len(members):
        return {index: _judge(garment, patches[0]) for index, garment in members}
    if len(patches) < len(members):
        return {index: _blank(garment, UNSURE) for index, garment in members}
    cost = [[_gap(garment, patch) for patch in patches] for _, garment in members]
    rows, columns = linear_sum_assignment(np.array(cost))
    pairs = zip(rows, columns, strict=True)
    return {members[row][0]: _judge(members[row][1], patches[column]) for row, column in pairs}


def _part_by_colour(picture: LabelledPicture, regions: list[Mask]) -> list[_Patch]:
    """Put regions of like colour together: two shoes are one garment, a red and a white top two."""
    groups: list[tuple[MainColour, list[Mask]]] = []
    for region in regions:
        colour = measure_colour(picture.pixels[shrink(region)])
        if colour is None:
            continue
        kin = [masks for known, masks in groups if _delta(known, colour) < _SAME_CLOTH]
        if kin:
            kin[0].append(region)
        else:
            groups.append((colour, [region]))
    return [_measure(picture.pixels, masks) for _, masks in groups]


def _measure(pixels: np.ndarray, regions: list[Mask]) -> _Patch:
    together = np.logical_or.reduce(regions)
    colour = measure_colour(pixels[shrink(together)])
    assert colour is not None  # regions are never empty
    return _Patch(colour, together)


def _judge(garment: Garment, patch: _Patch) -> Sighting:
    lab = patch.colour.lab
    delta_e, verdict = None, RIGHT
    if garment.colour:
        delta_e, verdict = _judge_asked(garment.colour, patch.colour)
    near = garment.colour and verdict == RIGHT and delta_e is not None and delta_e <= NEAR
    receipt = GarmentReceipt(
        kind=garment.kind,
        asked=garment.colour,
        seen=garment.colour if near else name_colour(lab).name,
        seen_hex=hex_of(lab),
        delta_e=delta_e,
        share=round(patch.share, 4),
        verdict=verdict if patch.share >= SMALL_SHARE else UNSURE,
    )
    return Sighting(receipt, patch.mask)


def _judge_asked(asked: str, colour: MainColour) -> tuple[float | None, str]:
    """Judge a garment that may show two colours against a word that may name two."""
    judged = judge_colour(asked, colour.lab)
    delta_e = None if math.isnan(judged.delta_e) else round(float(judged.delta_e), 1)
    verdict = _WORD[judged.ok]
    if colour.second is None:
        return delta_e, verdict
    several = find_colours(asked) if find_colour(asked) is None else ()
    if len(several) > 1:
        both = _shows_both([one.name for one in several], colour.lab, second=colour.second)
        return delta_e, RIGHT if both else verdict
    second = _WORD[judge_colour(asked, colour.second).ok]
    if colour.mixed and second != verdict:
        return delta_e, UNSURE
    if verdict == WRONG and second == RIGHT and colour.second_share >= _SPEAKS_SHARE:
        return delta_e, UNSURE
    return delta_e, verdict


def _shows_both(asked: Sequence[str], main: Lab, *, second: Lab) -> bool:
    return any(
        judge_colour(one, main).ok is True and judge_colour(other, second).ok is True
        for one, other in permutations(asked, 2)
    )


def _gap(garment: Garment, patch: _Patch) -> float:
    """ΔE2000 between asked and patch; a colour not asked for fits anything, larger first."""
    asked = find_colour(garment.colour) if garment.colour else None
    if asked is None:
        return 50.0 - patch.share
    return float(difference(asked.lab, patch.colour.lab))


def _delta(first: MainColour, second: MainColour) -> float:
    return float(difference(first.lab, second.lab))


def _own(garment: Garment) -> tuple[str, ...]:
    return _classes(garment)[0]


def _near(garment: Garment) -> tuple[str, ...]:
    return _classes(garment)[1]


def _classes(garment: Garment) -> tuple[tuple[str, ...], tuple[str, ...]]:
    family = family_of(garment.kind)
    if family in ("swimwear", "underwear") and _BOTTOM_WORDS & set(garment.kind.split()):
        return _BOTTOM
    return _CLASSES.get(family, ((), ()))


def _blank(garment: Garment, verdict: str) -> Sighting:
    receipt = GarmentReceipt(
        kind=garment.kind,
        asked=garment.colour,
        seen=None,
        seen_hex=None,
        delta_e=None,
        share=0.0,
        verdict=verdict,
    )
    return Sighting(receipt)


def find_classes(garment: Garment) -> tuple[str, ...]:
    """Name the segmenter's classes that show a garment: its own, else those it is taken for."""
    return _own(garment) or _near(garment)
