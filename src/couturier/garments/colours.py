"""Colours of clothes: a shop's word to sRGB and CIE Lab, a measured Lab to a word and a verdict.

Twelve basic words stand for everything a buyer calls so: a family is a region of the colour solid
and not a point, so each has several prototypes, and a measured colour belongs to the family whose
nearest prototype is nearest of all by CIEDE2000.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab

from couturier.garments.vocabulary import BRAND, read_data

BASIC = (
    "black",
    "white",
    "grey",
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
    "beige",
)
NEAR = 10.0  # ΔE2000 up to which a colour passes whatever it is called
EXACT = 18.0  # ΔE2000 beyond which a hex value or a brand's colour is wrong in any family
LIKELY = 20.0  # ΔE2000 beyond which a special word ("teal") is not right by its family alone
FAR = 30.0  # ΔE2000 beyond which a special word is wrong even in the right family
MARGIN = 3.0  # ΔE2000 by which another family must be nearer before a colour is called wrong
# The same between black, grey and white: what parts them is lightness, which light changes.
NEUTRAL_MARGIN = 10.0
_NEUTRAL = ("black", "grey", "white")
_NO_HUE = 9.0  # chroma below which a colour is a neutral
# Metal shows what is around it: within `FAR` it can look like its neighbours.
_METALS = frozenset({"gold", "rose gold", "silver", "steel", "bronze", "copper", "gunmetal"})

Lab = tuple[float, float, float]
_HEX = re.compile(r"#[0-9a-f]{6}")
_EMPHASIS = frozenset({"bold", "rich", "vibrant", "solid", "pure", "true", "classic", "all"})


@dataclass(frozen=True)
class Colour:
    """A colour with a name.

    Attributes:
        name: The word, lower case; for a hex value the value itself.
        hex: sRGB, "#rrggbb".
        lab: CIE Lab, D65, 2 degree observer; L in 0..100.
        base: The basic word it belongs to, one of `BASIC`.
    """

    name: str
    hex: str
    lab: Lab
    base: str


@dataclass(frozen=True)
class ColourVerdict:
    """Whether a measured colour is the one asked for.

    Attributes:
        asked: The word asked for, as given.
        seen: The nearest word of the whole vocabulary.
        delta_e: CIEDE2000 between asked and seen; nan where the asked word names no one colour.
        ok: True, False, or "unsure": too near the border of another family, or no one colour asked.
    """

    asked: str
    seen: str
    delta_e: float
    ok: bool | Literal["unsure"]


def find_colour(word: str) -> Colour | None:
    """Find the colour of a shop's word, of two words ("dusty rose", "rust brown"), or of a hex.

    Unknown words, and words for several colours ("multi", "black and white"), give None.
    """
    name = " ".join(word.lower().replace("-", " ").replace("gray", "grey").split())
    if _HEX.fullmatch(name):
        lab = lab_of(name)
        return Colour(name, name, lab, name_colour(lab).name)
    words = [part for part in name.split() if part not in _EMPHASIS]
    return _named(" ".join(words)) or _shaded(words) or _mixed(words)


def find_colours(words: str) -> tuple[Colour, ...]:
    """Find every colour of "black and white" or "sage, rust, #0a3161"; others do not count."""
    parts = re.split(r"\s*(?:,|/|&|\+|;|\band\b)\s*", words.lower())
    found = (find_colour(part) for part in parts if part)
    return tuple(colour for colour in found if colour is not None)


def difference(lab_a: ArrayLike, lab_b: ArrayLike) -> Any:
    """CIEDE2000 between Lab colours; a float for two colours, else an array.

    Args:
        lab_a: Lab, shape (..., 3).
        lab_b: Lab, a shape that broadcasts with it.

    Source:
        Sharma, Wu, Dalal 2005, as scikit-image computes it.
    """
    one, other = np.broadcast_arrays(np.asarray(lab_a, float), np.asarray(lab_b, float))
    delta = deltaE_ciede2000(one, other)
    return float(delta) if np.ndim(delta) == 0 else delta


def name_colour(
    lab: ArrayLike, *, among: Literal["basic", "all"] | Sequence[Colour] = "basic"
) -> Colour:
    """Name a measured colour by the nearest one.

    Args:
        lab: One Lab colour.
        among: "basic" for the family of the nearest prototype, "all" for the nearest word of the
            vocabulary, or a palette of one's own.
    """
    if among == "basic":
        distances = family_distances(lab)
        return basic_colour(min(distances, key=distances.__getitem__))
    palette = all_colours() if among == "all" else tuple(among)
    nearest = int(np.argmin(difference(np.asarray(lab)[None], _labs(palette))))
    return palette[nearest]


def family_distances(lab: ArrayLike) -> dict[str, float]:
    """CIEDE2000 from a colour to the nearest prototype of each basic word."""
    return list_family_distances(np.asarray(lab, dtype=float)[None])[0]


def list_family_distances(labs: ArrayLike) -> list[dict[str, float]]:
    """`family_distances` of several colours at once.

    Args:
        labs: Lab, shape (colours, 3).
    """
    names, prototypes = _prototypes()
    deltas = difference(np.asarray(labs, dtype=float)[:, None], prototypes)  # (colours, prototypes)
    nearest = {
        base: deltas[:, [i for i, name in enumerate(names) if name == base]].min(axis=1)
        for base in BASIC
    }
    return [
        {base: float(far[place]) for base, far in nearest.items()} for place in range(len(deltas))
    ]


def judge_colour(asked: str, seen_lab: ArrayLike) -> ColourVerdict:
    """Judge whether a measured colour is the one asked for.

    The rule, in this order:
    1. within `NEAR` of the asked colour itself: right;
    2. a special word ("navy", "blush") further than `FAR` from its own colour, a hex value or a
       colour of the brand's palette further than `EXACT`: wrong;
    3. in the asked word's family: right, for a special word within `LIKELY` alone, else unsure;
    4. another family nearer, yet by less than `MARGIN`, among black, grey and white by less than
       `NEUTRAL_MARGIN`: unsure; so is metal, which shows what is around it;
    5. else wrong.
    "Black and white" can be refuted by one measured colour and never be proven by it: wrong where
    neither fits, else unsure. So black passes for navy and white for cream only where they are
    within `NEAR`; "blue" is never right for what is nearest to black.

    Args:
        asked: A colour word, a hex value, or several joined by "and".
        seen_lab: The measured colour, CIE Lab, D65.
    """
    seen = name_colour(seen_lab, among="all").name
    wanted = find_colour(asked)
    if wanted is None:
        several = [judge_colour(one.name, seen_lab) for one in find_colours(asked)]
        if not several:
            return ColourVerdict(asked, seen, math.nan, "unsure")
        delta = min(one.delta_e for one in several)
        refuted = all(one.ok is False for one in several)
        return ColourVerdict(asked, seen, delta, False if refuted else "unsure")
    delta = difference(seen_lab, wanted.lab)
    return ColourVerdict(asked, seen, delta, _is_right(wanted, delta, seen_lab))


def lab_of(hex_value: str) -> Lab:
    """CIE Lab (D65) of "#rrggbb"."""
    lightness, a, b = labs_of([hex_value])[0]
    return float(lightness), float(a), float(b)


def labs_of(hex_values: Sequence[str]) -> Any:
    """CIE Lab (D65) of several "#rrggbb"; shape (colours, 3)."""
    data = bytes.fromhex("".join(value[1:7] for value in hex_values))
    return rgb2lab(np.frombuffer(data, np.uint8).reshape(1, -1, 3) / 255)[0]


def hex_of(lab: ArrayLike) -> str:
    """The sRGB value nearest to a Lab colour, "#rrggbb"; out of gamut is cut."""
    rgb = lab2rgb(np.asarray(lab, dtype=float)[None, None])[0, 0]
    return "#" + "".join(f"{round(float(np.clip(one, 0, 1)) * 255):02x}" for one in rgb)


@cache
def all_colours() -> tuple[Colour, ...]:
    """Every colour of the vocabulary."""
    rows = read_data("colours")["colours"].items()
    known = [Colour(name, value, lab_of(value), base) for name, (value, base) in rows]
    return (*(one for one in known if one.name not in BRAND), *_list_brand())


def _list_brand() -> list[Colour]:
    labs = {name: lab_of(value) for name, value in BRAND.items()}
    bases = {name: family_distances(lab) for name, lab in labs.items()}
    return [
        Colour(name, BRAND[name], lab, min(bases[name], key=lambda base: bases[name][base]))
        for name, lab in labs.items()
    ]


def basic_colour(base: str) -> Colour:
    """The `Colour` of one of the words in `BASIC`."""
    colour = _named(base)
    assert colour is not None
    return colour


def _is_right(wanted: Colour, delta: float, seen_lab: ArrayLike) -> bool | Literal["unsure"]:
    if delta <= NEAR:
        return True
    special = wanted.name not in BASIC
    if special and delta > (EXACT if _is_exact(wanted) else FAR):
        return False
    distances = family_distances(seen_lab)
    own = distances.pop(wanted.base)
    behind = own - min(distances.values())
    if behind <= 0:
        return "unsure" if special and delta > LIKELY else True
    return "unsure" if behind < MARGIN or _is_light_s_doing(wanted, behind, seen_lab) else False


def _is_light_s_doing(wanted: Colour, behind: float, seen_lab: ArrayLike) -> bool:
    """Say whether another light would make the seen colour the wanted one."""
    if wanted.name in _METALS:
        return True
    _, a, b = np.asarray(seen_lab, dtype=float)
    return wanted.base in _NEUTRAL and math.hypot(a, b) < _NO_HUE and behind < NEUTRAL_MARGIN


def _is_exact(wanted: Colour) -> bool:
    """Say whether a value was asked for, not a word that covers many."""
    return wanted.name.startswith("#") or wanted.name in BRAND


@cache
def _by_name() -> dict[str, Colour]:
    named = {colour.name: colour for colour in all_colours()}
    for spelling, name in read_data("colours")["spellings"].items():
        if spelling in BRAND:
            continue
        named[spelling.replace("-", " ").replace("gray", "grey")] = named[name]
    return named


def _named(name: str) -> Colour | None:
    return _by_name().get(name)


def _shaded(words: Sequence[str]) -> Colour | None:
    """Make "dark olive" of olive: lightness moved and chroma scaled as the vocabulary says."""
    shades = read_data("colours")["shades"]
    if len(words) < 2 or words[0] not in shades:
        return None
    plain = find_colour(" ".join(words[1:]))
    if plain is None:
        return None
    add, factor = shades[words[0]]
    lightness, a, b = plain.lab
    lab = (float(np.clip(lightness + add, 4, 97)), a * factor, b * factor)
    value = hex_of(lab)
    return Colour(" ".join(words), value, lab_of(value), plain.base)


def _mixed(words: Sequence[str]) -> Colour | None:
    """Make "rust brown" of both: the mean in Lab, in the family of the last word."""
    for cut in range(1, len(words)):
        first, last = _named(" ".join(words[:cut])), _named(" ".join(words[cut:]))
        if first and last:
            mean = np.mean([first.lab, last.lab], axis=0)
            value = hex_of(mean)
            return Colour(" ".join(words), value, lab_of(value), last.base)
    return None


def _labs(palette: Iterable[Colour]) -> NDArray[np.float64]:
    return np.array([colour.lab for colour in palette])  # (colours, 3)


@cache
def _prototypes() -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Family names and Lab of all prototypes, (prototypes,) and (prototypes, 3)."""
    rows = read_data("colours")["prototypes"].items()
    pairs = [(base, lab_of(value)) for base, values in rows for value in values]
    return tuple(base for base, _ in pairs), np.array([lab for _, lab in pairs])
