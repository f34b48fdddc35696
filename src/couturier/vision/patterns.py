"""Plain cloth or patterned: how much a garment's colour changes from one pixel to the next.

A judge of this size can tell that much and no more: which pattern it is, and what the cloth is
made of, the towers that come with mini tell hardly better than chance (docs/log.md).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_erosion, gaussian_filter

from couturier.garments.records import Garment
from couturier.vision.colours import to_lab
from couturier.vision.foreground import Mask
from couturier.vision.receipts import Sighting
from couturier.vision.records import RIGHT, UNSURE, WRONG

PLAIN, PATTERNED = "plain", "patterned"
# Set by benchmarks/patterns.py on one half of real products, measured on the other.
PLAIN_BELOW, PATTERNED_FROM = 1.0, 4.0
_PLAIN_WORDS = frozenset({"solid"})
# Patterns that leave the cloth even: a logo or a seam of embroidery is no all-over pattern.
_NOT_SEEN = frozenset({"logo", "embroidered", "colour block", "ombre", "graphic"})
_RIM_PX = 4  # seams and outlines are no pattern
_FEWEST_PX = 80
_AROUND_PX = 1.0


@dataclass(frozen=True)
class PatternReceipt:
    """One garment whose pattern the sentence names.

    Attributes:
        kind: As in "jacket".
        asked: The word, as in "striped".
        seen: "plain" or "patterned"; None where it cannot be told.
        change: How far pixels differ from those around them, in ΔE; None where not measured.
        verdict: "right", "wrong" or "unsure".
    """

    kind: str
    asked: str
    seen: str | None
    change: float | None
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """Give it as scores.jsonl holds it."""
        return asdict(self)


def can_be_seen(word: str | None) -> bool:
    """Say whether a pattern word tells plain cloth from patterned."""
    return word is not None and word not in _NOT_SEEN


def judge_patterns(
    image: Image.Image, garments: Sequence[Garment], sightings: Sequence[Sighting]
) -> list[PatternReceipt]:
    """Judge the garments whose pattern is asked for and can be seen.

    Args:
        image: The picture.
        garments: What the prompt names.
        sightings: One a garment, from `receipts.find_sightings`.
    """
    return [
        judge_pattern(
            _fit(image, seen.mask), seen.mask, kind=garment.kind, asked=str(garment.pattern)
        )
        for garment, seen in zip(garments, sightings, strict=True)
        if can_be_seen(garment.pattern)
    ]


def _fit(image: Image.Image, mask: Mask | None) -> NDArray[np.uint8]:
    """Give the picture's pixels at the mask's size."""
    size = image.size if mask is None else (mask.shape[1], mask.shape[0])
    return np.asarray(image.convert("RGB").resize(size, Image.Resampling.BOX))


def judge_pattern(
    pixels: NDArray[np.uint8], mask: Mask | None, *, kind: str, asked: str
) -> PatternReceipt:
    """Judge one garment's cloth.

    Args:
        pixels: sRGB of the whole picture; shape (height, width, 3).
        mask: Where the garment is, same shape; None where it was not found.
        kind: Of the garment.
        asked: The pattern the sentence names.
    """
    change = measure_change(pixels, mask) if mask is not None else None
    seen = None
    if change is not None:
        seen = PLAIN if change <= PLAIN_BELOW else PATTERNED if change >= PATTERNED_FROM else None
    wanted = PLAIN if asked in _PLAIN_WORDS else PATTERNED
    verdict = UNSURE if seen is None else RIGHT if seen == wanted else WRONG
    return PatternReceipt(kind, asked, seen, change, verdict)


def measure_change(pixels: NDArray[np.uint8], mask: Mask) -> float | None:
    """Measure how far three quarters of a garment's pixels stay from those around them, in ΔE76.

    Returns:
        None where too little of the garment is left inside its rim.
    """
    inner = binary_erosion(mask, iterations=_RIM_PX)
    if inner.sum() < _FEWEST_PX:
        return None
    lab, weight = to_lab(pixels), inner.astype(float)
    share = gaussian_filter(weight, _AROUND_PX) + 1e-6
    around = [gaussian_filter(lab[..., i] * weight, _AROUND_PX) / share for i in range(3)]
    apart = np.linalg.norm(lab - np.stack(around, -1), axis=-1)
    return round(float(np.quantile(apart[inner], 0.75)), 2)
