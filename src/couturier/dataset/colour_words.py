"""Doubts a row's colour word where nothing of that colour stands before the picture's ground."""

from collections.abc import Sequence

from couturier.garments.colours import (
    Colour,
    difference,
    find_colour,
    find_colours,
    lab_of,
    labs_of,
    list_family_distances,
    name_colour,
)
from couturier.garments.records import Garment
from couturier.vision.foreground import Palette

# Chosen on one-garment rows of a shop whose words are nearly always right. On 1,652 of them 13 are
# doubted, some rightly; with the word changed for a random other, 636 are: a quiet judge, since
# a page of false doubts is not read (benchmarks/colour_words.py).
_BEHIND = 7.0  # ΔE2000 by which another family may be nearer before a colour is not the word's
_NEAR = 15.0  # ΔE2000 from the word's own colour within which a colour is the word's anyway
_SHARE = 0.1  # of the foreground, that may have the word's colour by chance: skin, hair, shadow


def doubt_colour(garments: Sequence[Garment], palettes: Sequence[Palette]) -> str | None:
    """Say why a product's colour word is doubtful; None where it is not, or nobody can tell.

    Only rows of one garment in a known colour are judged, only pictures with a plain ground, and
    none whose ground has the word's own colour: a white shirt before white is hardly seen.

    Args:
        garments: What the row says its pictures show.
        palettes: Of those of its pictures that have a plain ground. One of them that shows the
            colour is enough.
    """
    word = garments[0].colour if len(garments) == 1 else None
    wanted = _colours_of(word) if word else ()
    if not wanted or not palettes or any(_shows(wanted, one) for one in palettes):
        return None
    seen = palettes[0].colours[0]
    name = name_colour(lab_of(seen)).name
    return f"the row says {word}, nothing of that colour is seen; most is {name} ({seen})"


def _colours_of(word: str) -> tuple[Colour, ...]:
    whole = find_colour(word)
    return (whole,) if whole else find_colours(word)


def _shows(wanted: Sequence[Colour], palette: Palette) -> bool:
    seen = (palette.ground, *palette.colours)
    ground, *others = _are_of(wanted, seen)
    found = sum(share for share, is_of in zip(palette.shares, others, strict=True) if is_of)
    return ground or found > _SHARE


def _are_of(wanted: Sequence[Colour], seen: Sequence[str]) -> list[bool]:
    """Say of each colour seen whether it may be called by one of the words."""
    coarse = [_coarse(one) for one in seen]
    _warm_families(coarse)
    labs = labs_of(seen)  # (colours seen, 3)
    answers = [False] * len(seen)
    for colour in wanted:
        near = difference(labs, colour.lab) <= _NEAR
        for place, key in enumerate(coarse):
            distances = _FAMILIES[key]
            others = min(far for base, far in distances.items() if base != colour.base)
            behind = distances[colour.base] - others
            answers[place] = answers[place] or bool(near[place]) or behind <= _BEHIND
    return answers


def _coarse(seen: str) -> str:
    """Round to 8 steps of each byte, under 2 ΔE2000, so that few distances are computed."""
    return "#" + bytes(min(255, 8 * round(one / 8)) for one in bytes.fromhex(seen[1:])).hex()


_FAMILIES: dict[str, dict[str, float]] = {}
"""Of coarse colours; 36,000 at most."""


def _warm_families(coarse: Sequence[str]) -> None:
    """Compute the distances of those that are new, all at once: one by one it takes 8 times."""
    new = [one for one in dict.fromkeys(coarse) if one not in _FAMILIES]
    if new:
        _FAMILIES.update(zip(new, list_family_distances(labs_of(new)), strict=True))
