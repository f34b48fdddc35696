"""Captions: many true sentences for one scene, from two words to a shop's long copy.

A caption is a list of pieces, each with the number of the garment it speaks of (from 0) or -1;
joined by single spaces they are the text. The pieces become token spans for the attention loss.
"""

from __future__ import annotations

import re

import numpy as np

from tools.mini.kinds import ARTICLE_WORDS
from tools.mini.palette import SPELLINGS
from tools.mini.scenes import Garment, SceneNotes

Piece = tuple[str, int]

_TITLE_WORDS = {
    r"\bprint(ed)?\b": "printed",
    r"\bgraphic\b": "graphic",
    r"\bstrip(e|ed|es)\b": "striped",
    r"\bcheck(s|ed)?\b": "checked",
    r"\bpolo\b": "polo",
    r"\bleather\b": "leather",
    r"\bdenim\b": "denim",
    r"\bv-?neck\b": "v-neck",
    r"\bround neck\b": "crewneck",
    r"\bslim\b": "slim",
    r"\bhood(ed|ie)?\b": "hooded",
    r"\bsolid\b": "plain",
}

# Words that shop copy puts before a garment and that the photographs do not settle.
_LOOSE = (
    "cotton", "jersey", "satin", "silk", "linen", "knit", "ribbed", "soft", "classic", "cropped",
    "oversized", "mini", "faux leather", "mesh", "lace", "everyday", "cozy", "sleek", "crop",
    "graphic", "fitted", "relaxed", "basic", "vintage", "off-shoulder", "bodycon", "sweater",
)  # fmt: skip
_DRESS_WORDS = (
    "mini dress",
    "tube dress",
    "midi dress",
    "sweater mini dress",
    "satin dress",
    "jersey dress",
)
_TOP_WORDS = (
    "crop top",
    "cropped top",
    "graphic top",
    "tank top",
    "satin top",
    "corset top",
    "tube top",
)
_SKIRT_WORDS = ("mini skirt", "midi skirt", "micro mini skirt")
_SHORTS_WORDS = ("bikini bottom", "hot pants", "biker shorts")

_HOOKS = (
    "Turn heads wherever you go.", "The easy way to look put together", "Meet your new favorite",
    "Ready for the weekend", "Keep it cute and comfy", "For the girls who like it bold -",
    "Brunch, beach, repeat.", "Made for long days and longer nights", "Simple, clean, done.",
    "Your closet has been waiting for this one.", "An essential you will reach for every day",
    "Chill mode on", "Take the spotlight,", "Nothing says confident like this.",
    "Hello gorgeous!", "A little drama never hurt anybody", "Date night is sorted.",
    "Because basics should never be boring", "Off duty but make it fashion.",
)  # fmt: skip
_MADE = (
    "Made from {m} fabric,", "Crafted from {m},", "Cut from a soft {m} blend,", "Made of {m},",
    "Woven from light {m},", "Made from drapey {m} fabric,",
)  # fmt: skip
_MATERIALS = (
    "cotton", "satin", "jersey", "knit", "linen", "denim", "mesh", "lace", "fleece", "silk",
    "sweater knit", "faux leather", "ponte", "velvet", "wool", "nylon", "canvas", "suede",
)  # fmt: skip
_DETAILS = (
    "a round neckline", "short sleeves", "long sleeves", "adjustable straps", "a side zipper",
    "a draped sash detail", "an asymmetrical hem", "front pockets", "a bodycon style",
    "an off-shoulder design", "a relaxed fit", "contrast stitching", "a button front",
    "a flattering cut", "ribbed cuffs", "a built-in bandeau", "a one strap detail", "a hood",
)  # fmt: skip
_ENDINGS = (
    "for a look that is perfect for a night out", "you can dress it up or down",
    "the perfect day-to-night look", "and goes with everything you own",
    "for an effortlessly cool look", "all weekend long", "so you look good and feel good",
    "and adds a touch of style to any fit", "that everybody will ask about",
)  # fmt: skip
_BOARD_OPENINGS = (
    "", "", "", "an outfit of", "outfit:", "a flat lay of", "a look with", "a set with",
    "product photo of", "clothes on white:", "outfit board with", "a photo of",
)  # fmt: skip
_SINGLE_OPENINGS = (
    "", "", "", "a", "a photo of a", "product photo of a", "one", "picture of a", "shop photo:",
    "a plain", "this", "the", "a studio picture of a",
)  # fmt: skip
_SINGLE_ENDINGS = (
    "",
    "",
    "",
    "",
    "on white",
    "on a white background",
    "for sale",
    "new in the shop",
)


def write_caption(scene: SceneNotes, rng: np.random.Generator) -> list[Piece]:
    """Write one of the many true captions of a scene."""
    if len(scene.garments) == 1:
        pieces = _write_single(scene, rng)
    else:
        pieces = _write_board(scene.garments, rng)
    return [(text, owner) for text, owner in pieces if text]


def name_garment(garment: Garment, rng: np.random.Generator, *, loose: float = 0.25) -> str:
    """Say what one garment is: colour, perhaps attributes, kind."""
    colour = garment.colour
    if colour in SPELLINGS and rng.random() < 0.3:
        colour = str(rng.choice(SPELLINGS[colour]))
    words = ARTICLE_WORDS[garment.article]
    kind = words[0] if rng.random() < 0.6 else str(rng.choice(words))
    kind = _name_freely(garment, kind, rng)
    between = []
    for pattern, word in _TITLE_WORDS.items():
        if re.search(pattern, garment.title.lower()) and rng.random() < 0.5:
            between.append(word)
    if rng.random() < loose:
        between.append(str(rng.choice(_LOOSE)))
    return " ".join([colour, *between, kind])


def _name_freely(garment: Garment, kind: str, rng: np.random.Generator) -> str:
    """Shops have more words than the rows; these kinds take them now and then."""
    if rng.random() > 0.35:
        return kind
    words = {
        "dress": _DRESS_WORDS, "top": _TOP_WORDS, "skirt": _SKIRT_WORDS, "shorts": _SHORTS_WORDS,
    }.get(garment.kind)  # fmt: skip
    if words is None or garment.article in {"Kurtas", "Kurtis", "Tunics"}:
        return kind
    return str(rng.choice(words))


def _write_single(scene: SceneNotes, rng: np.random.Generator) -> list[Piece]:
    garment = scene.garments[0]
    if scene.worn and rng.random() < 0.75:
        who = {"Men": "man", "Women": "woman"}.get(garment.gender, "person")
        opening = str(rng.choice([f"a {who} wearing a", f"{who} in a", "a model wearing a"]))
        return [(opening, -1), (name_garment(garment, rng), 0)]
    style = rng.random()
    if style < 0.25:
        return _write_copy(garment, rng)
    if style < 0.32:
        plain = ARTICLE_WORDS[garment.article][0]
        form = rng.integers(3)
        if form == 0:
            return [(f"{plain} in {garment.colour}", 0)]
        if form == 1:
            return [(f"{plain},", 0), (garment.colour, 0)]
        return [(f"{garment.gender.lower()}'s", -1), (name_garment(garment, rng), 0)]
    return [
        (str(rng.choice(_SINGLE_OPENINGS)), -1),
        (name_garment(garment, rng), 0),
        (str(rng.choice(_SINGLE_ENDINGS)), -1),
    ]


def _write_copy(garment: Garment, rng: np.random.Generator) -> list[Piece]:
    """One garment in the tone of a shop's copy."""
    hook = str(rng.choice(_HOOKS)) if rng.random() < 0.7 else ""
    made = str(rng.choice(_MADE)).format(m=rng.choice(_MATERIALS)) if rng.random() < 0.5 else ""
    details = " and ".join(
        str(d) for d in rng.choice(_DETAILS, int(rng.integers(1, 4)), replace=False)
    )
    joint = str(rng.choice(["complete with", "with", "featuring", "finished with"]))
    ending = str(rng.choice(_ENDINGS)) if rng.random() < 0.7 else ""
    named = (name_garment(garment, rng, loose=0.6), 0)
    this = str(rng.choice(["this", "the", "our", "a"]))
    if rng.random() < 0.5:
        return [
            (hook, -1),
            (made, -1),
            (this, -1),
            named,
            (f"{joint} {details} -", -1),
            (ending, -1),
        ]
    return [(hook, -1), (f"{joint} {details},", -1), (this, -1), named, (made, -1), (ending, -1)]


def _write_board(garments: tuple[Garment, ...], rng: np.random.Generator) -> list[Piece]:
    """Several garments in any order."""
    order = list(range(len(garments)))
    if rng.random() < 0.6:
        order = [int(i) for i in rng.permutation(len(garments))]
    style = rng.random()
    loose = 0.1 if style < 0.7 else 0.4
    named = [(name_garment(garments[i], rng, loose=loose), i) for i in order]
    if style < 0.45:
        return [(str(rng.choice(_BOARD_OPENINGS)), -1), *_join(named, ",", ",")]
    if style < 0.8:
        joint = str(rng.choice(["and", "with", "plus", "&"]))
        article = str(rng.choice(["a", "", "the"]))
        pieces: list[Piece] = [(str(rng.choice(_BOARD_OPENINGS)), -1)]
        for place, piece in enumerate(named):
            if place:
                pieces.append((joint if place == len(named) - 1 else "," if place > 0 else "", -1))
            pieces += [(article, -1), piece]
        return pieces
    hook = str(rng.choice(_HOOKS)) if rng.random() < 0.7 else ""
    verb = str(rng.choice(["Featuring a", "This set features a", "This look pairs a", "Style the"]))
    pieces = [(hook, -1), (verb, -1), named[0], (", paired with a", -1)]
    for place, piece in enumerate(named[1:]):
        pieces += [("and a" if place else "", -1), piece]
    return [*pieces, (str(rng.choice(_ENDINGS)), -1)]


def _join(named: list[Piece], middle: str, last: str) -> list[Piece]:
    pieces: list[Piece] = []
    for place, piece in enumerate(named):
        if place:
            pieces.append((last if place == len(named) - 1 else middle, -1))
        pieces.append(piece)
    return pieces
