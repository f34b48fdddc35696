"""Where garments stand on the picture: one alone in the middle, a set in one or two columns."""

from collections.abc import Sequence
from dataclasses import replace

from tools.sample_brand.cloth import Cloth
from tools.sample_brand.collection import Item, Product
from tools.sample_brand.drawing import Placement
from tools.sample_brand.piece import Piece
from tools.sample_brand.scene import Placed
from tools.sample_brand.wardrobe import draw_garment

BOX = (78.0, 92.0, 562.0, 706.0)
"""Left, top, right, bottom of what garments may fill, so that a square cut keeps them whole."""

LARGEST = 2.4
"""How much larger than the body a garment is drawn at most."""

LARGEST_SMALL = 3.1
VERY_SMALL = {"bikini top", "bikini bottom", "tube top"}
"""What alone on a picture may be drawn larger still."""

GAP = 16.0

HATS = {"bucket hat", "cap", "beanie", "beret", "straw hat"}
LONG = {"maxi skirt", "midi skirt", "trousers", "cargo pants", "leggings", "jeans"}
DRESSES = {"slip dress", "tube dress", "sweater dress", "mini dress", "maxi dress", "shirt dress"}
LOWER = {"mini skirt", "shorts", "bikini bottom"}
FEET = {"sneakers", "ankle boots", "knee boots", "heels", "sandals"}
LAST = FEET | {"belt", "scarf"}
SMALL = {
    **dict.fromkeys(HATS, 0.95),
    **dict.fromkeys(FEET, 1.05),
    "heels": 1.2,
    "belt": 0.9,
    "scarf": 1.0,
    "bikini top": 1.25,
    "bikini bottom": 1.25,
    "tube top": 1.15,
}
"""How large a garment stands beside others, where that is not as on the body."""

COLUMN_SHARE = 0.85
LARGEST_COLUMN = 1.35
"""The lower column of two grows to this share of the other's height, and by this much at most."""

Spot = tuple[int, float, float, float]
"""A garment's number in the set, its x and y in body units, and its scale."""


def place_product(product: Product) -> list[Placed]:
    """Choose drawing, cloth and place of each garment of a product, those in front last."""
    pieces = [
        draw_garment(item, seed=product.number * 10 + k)
        for k, item in enumerate(_worn(product.items))
    ]
    spots = _spots(product.items, pieces)
    tiny = all(item.kind in VERY_SMALL for item in product.items)
    frame = _fit(pieces, spots, largest=LARGEST_SMALL if tiny else LARGEST)
    placed = []
    for number, x, y, scale in spots:
        item = product.items[number]
        at = Placement(frame.x + x * frame.scale, frame.y + y * frame.scale, scale * frame.scale)
        cloth = Cloth(
            item.colour, item.material, item.pattern, item.second, product.number * 10 + number
        )
        placed.append(Placed(pieces[number], at, cloth, number + 1, item.print_text))
    return placed


def _worn(items: Sequence[Item]) -> list[Item]:
    """Take the sleeves off what is worn under an open jacket, as they would stick out of it."""
    under = {"t-shirt", "tank top"} if any("open" in item.cut for item in items) else set()
    bare = ("crew neck", "sleeveless", "regular", "fitted")
    return [replace(item, cut=bare) if item.kind in under else item for item in items]


def _spots(items: Sequence[Item], pieces: Sequence[Piece]) -> list[Spot]:
    """Stand a set in one column or in two, whichever lets it be drawn larger."""
    if len(items) == 1:
        return [(0, 0.0, 0.0, 1.0)]
    order = _order(items)
    ways = [_arrange(items, pieces, columns) for columns in ([order], _two_columns(items, order))]
    return max(ways, key=lambda spots: _fit(pieces, spots, largest=LARGEST).scale)


def _arrange(
    items: Sequence[Item], pieces: Sequence[Piece], columns: Sequence[Sequence[int]]
) -> list[Spot]:
    stacks = [_stack(items, pieces, column) for column in columns if column]
    tallest = max(height for _, _, height in stacks)
    widest = max(width for _, width, _ in stacks)
    x = 0.0
    spots: list[Spot] = []
    for stack, width, height in stacks:
        room = min(COLUMN_SHARE * tallest / height, widest / width, LARGEST_COLUMN)
        growth = max(room, 1.0)
        middle = x + width * growth / 2
        spots += [(n, middle + growth * dx, growth * y, growth * s) for n, dx, y, s in stack]
        x += width * growth + GAP
    return spots


def _order(items: Sequence[Item]) -> list[int]:
    """Order a set from head to foot; what hangs open comes after what it is worn over."""
    ranks = {**dict.fromkeys(HATS, 0), **dict.fromkeys(LOWER | LONG, 3), **dict.fromkeys(LAST, 4)}
    keys = [(ranks.get(item.kind, 1), "open" in item.cut) for item in items]
    return sorted(range(len(items)), key=keys.__getitem__)


def _two_columns(items: Sequence[Item], order: Sequence[int]) -> list[list[int]]:
    """Share a set out: long garments to the right, or what is worn below the waist."""
    kinds = LONG | DRESSES
    if not any(items[n].kind in kinds for n in order):
        kinds = LOWER | LAST
    right = [n for n in order if items[n].kind in kinds]
    return [[n for n in order if n not in right], right]


def _stack(
    items: Sequence[Item], pieces: Sequence[Piece], column: Sequence[int]
) -> tuple[list[Spot], float, float]:
    """Set garments under each other about (0, 0); gives their spots and the column's size."""
    y, width = 0.0, 0.0
    spots: list[Spot] = []
    for place, number in enumerate(column):
        scale = SMALL.get(items[number].kind, 1.0)
        left, top, right, bottom = pieces[number].bounds()
        width = max(width, scale * (right - left))
        if "open" in items[number].cut and place:
            spots.append((number, 0.0, spots[-1][2], 1.0))  # worn over what was placed last
            continue
        spots.append((number, -scale * (left + right) / 2, y - scale * top, scale))
        y += scale * (bottom - top) + GAP
    height = y - GAP
    return [(n, x, at - height / 2, scale) for n, x, at, scale in spots], width, height


def _fit(pieces: Sequence[Piece], spots: Sequence[Spot], *, largest: float) -> Placement:
    boxes = [pieces[n].bounds() for n, *_ in spots]
    left = min(x + s * b[0] for b, (_, x, _, s) in zip(boxes, spots, strict=True))
    top = min(y + s * b[1] for b, (_, _, y, s) in zip(boxes, spots, strict=True))
    right = max(x + s * b[2] for b, (_, x, _, s) in zip(boxes, spots, strict=True))
    bottom = max(y + s * b[3] for b, (_, _, y, s) in zip(boxes, spots, strict=True))
    scale = min((BOX[2] - BOX[0]) / (right - left), (BOX[3] - BOX[1]) / (bottom - top), largest)
    return Placement(
        (BOX[0] + BOX[2]) / 2 - scale * (left + right) / 2,
        (BOX[1] + BOX[3]) / 2 - scale * (top + bottom) / 2,
        scale,
    )
