"""Which drawing belongs to which kind of garment, and how its words choose the cut."""

from collections.abc import Callable, Iterable
from functools import partial

from tools.sample_brand import accessories, bags, hats, shoes
from tools.sample_brand.body import EASE, LENGTHS
from tools.sample_brand.collection import Item
from tools.sample_brand.cuts import NECKLINES, Cut
from tools.sample_brand.dresses import FLARE, ON_BODICE, SKIRTS, draw_dress
from tools.sample_brand.finishes import DETAILS
from tools.sample_brand.outerwear import HEMS, draw_jacket
from tools.sample_brand.piece import Piece
from tools.sample_brand.skirts import SKIRT_DETAILS, SKIRT_FLARE, draw_skirt
from tools.sample_brand.sleeves import SLEEVES
from tools.sample_brand.swimwear import draw_bikini_bottom, draw_bikini_top
from tools.sample_brand.tops import draw_top
from tools.sample_brand.trousers import LEG, TROUSER_DETAILS, draw_trousers

SHORTS_HEM = 334.0
KNITS = {"knit", "rib knit"}


def draw_garment(item: Item, *, seed: int = 0) -> Piece:
    """Draw one garment of the collection; `seed` moves its folds."""
    return DRAWINGS[item.kind](item, seed)


def _pick(words: Iterable[str], known: Iterable[str], default: str) -> str:
    return next((word for word in words if word in known), default)


def _cut(item: Item, seed: int) -> Cut:
    words = item.cut
    bare = not any(word in SLEEVES for word in words)
    knitted = item.material in KNITS or item.kind in ("sweatshirt", "hoodie")
    details = {*DETAILS, *SKIRTS, "corset", "print"}
    neck = {*NECKLINES, "one shoulder"}
    return Cut(
        neckline=_pick(words, neck - {"collar"}, "collar" if "collar" in words else "crew neck"),
        sleeve="sleeveless" if bare else _pick(words, SLEEVES, ""),
        length=_pick(words, LENGTHS, "regular"),
        fit=_pick(words, EASE, "regular"),
        detail=_pick(reversed(words), details, ""),
        knitted=knitted and not bare,
        seed=seed,
    )


def _top(item: Item, seed: int) -> Piece:
    return draw_top(_cut(item, seed))


def _dress(item: Item, seed: int) -> Piece:
    return draw_dress(_cut(item, seed), _pick(item.cut, FLARE, "a-line"))


def _skirt(item: Item, seed: int) -> Piece:
    shape = _pick(item.cut, SKIRT_FLARE, "a-line")
    detail = _pick(item.cut, SKIRT_DETAILS, "")
    return draw_skirt(shape, _pick(item.cut, LENGTHS, "mini"), detail, seed)


def _trousers(item: Item, seed: int, *, short: bool = False) -> Piece:
    leg = _pick(item.cut, LEG, "straight")
    detail = _pick(item.cut, TROUSER_DETAILS, "")
    denim = item.material == "denim"
    if short:
        return draw_trousers(leg, hem_y=SHORTS_HEM, denim=denim, detail=detail, seed=seed)
    return draw_trousers(leg, denim=denim, detail=detail, seed=seed)


def _jacket(item: Item, seed: int, *, style: str) -> Piece:
    length = _pick(item.cut, HEMS, "regular")
    return draw_jacket(style, length, opened="open" in item.cut, seed=seed)


def _fixed(draw: Callable[[], Piece]) -> Callable[[Item, int], Piece]:
    return lambda _item, _seed: draw()


DRAWINGS: dict[str, Callable[[Item, int], Piece]] = {
    **dict.fromkeys(
        ["t-shirt", "graphic tee", "crop top", "tank top", "tube top", "corset top"], _top
    ),
    **dict.fromkeys(["blouse", "shirt", "sweater", "sweatshirt", "hoodie"], _top),
    **dict.fromkeys(["slip dress", "tube dress", "sweater dress", "mini dress"], _dress),
    **dict.fromkeys(["maxi dress", "shirt dress", "wrap dress"], _dress),
    **dict.fromkeys(["mini skirt", "midi skirt", "maxi skirt"], _skirt),
    **dict.fromkeys(["trousers", "cargo pants", "leggings", "jeans"], _trousers),
    "shorts": partial(_trousers, short=True),
    "cardigan": partial(_jacket, style="cardigan"),
    "denim jacket": partial(_jacket, style="denim"),
    "biker jacket": partial(_jacket, style="biker"),
    "bomber jacket": partial(_jacket, style="bomber"),
    "puffer jacket": partial(_jacket, style="puffer"),
    "blazer": partial(_jacket, style="blazer"),
    "trench coat": partial(_jacket, style="trench"),
    "teddy coat": partial(_jacket, style="trench"),
    "bikini top": lambda item, _: draw_bikini_top(_pick(item.cut, ["bandeau"], "triangle")),
    "bikini bottom": lambda item, _: draw_bikini_bottom("tied" in item.cut),
    "bucket hat": _fixed(hats.draw_bucket_hat),
    "cap": _fixed(hats.draw_cap),
    "beanie": _fixed(hats.draw_beanie),
    "beret": _fixed(hats.draw_beret),
    "straw hat": _fixed(hats.draw_straw_hat),
    "tote bag": _fixed(bags.draw_tote),
    "shoulder bag": _fixed(bags.draw_shoulder_bag),
    "bucket bag": _fixed(bags.draw_bucket_bag),
    "sneakers": _fixed(shoes.draw_sneakers),
    "ankle boots": _fixed(shoes.draw_boots),
    "knee boots": _fixed(partial(shoes.draw_boots, knee=True)),
    "heels": _fixed(shoes.draw_heels),
    "sandals": _fixed(shoes.draw_sandals),
    "belt": _fixed(accessories.draw_belt),
    "scarf": _fixed(accessories.draw_scarf),
}

__all__ = ["DRAWINGS", "ON_BODICE", "draw_garment"]
