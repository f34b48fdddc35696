"""Where garments stand on the picture: one alone in the middle, a set in one or two columns."""

from collections.abc import Sequence

from tools.sample_brand.cloth import Cloth
from tools.sample_brand.collection import Item, Product
from tools.sample_brand.drawing import Placement
from tools.sample_brand.piece import Piece
from tools.sample_brand.scene import Placed
from tools.sample_brand.wardrobe import draw_garment

BOX = (78.0, 92.0, 562.0, 706.0)
"""Left, top, right, bottom of what garments may fill, so that a square cut keeps them whole."""

LARGEST = 2.35
GAP = 16.0

HATS = {"bucket hat", "cap", "beanie", "beret", "straw hat"}
LONG = {"maxi skirt", "midi skirt", "trousers", "cargo pants", "leggings", "jeans"}
DRESSES = {"slip dress", "tube dress", "sweater dress", "mini dress", "maxi dress", "shirt dress"}
LOWER = {"mini skirt", "shorts", "bikini bottom"}
SMALL = {"belt": 0.85, "scarf": 0.85, "heels": 1.1, "sneakers": 1.0, "ankle boots": 1.0, **dict.fromkeys(HATS, 0.95)}
"""How large what is drawn about its own middle stands beside clothes."""

Spot = tuple[int, float, float, float]
"""A garment's number in the set, its x and y in body units, and its scale."""


def place_product(product: Product) -> list[Placed]:
    """Choose drawing, cloth and place of each garment of a product, those in front last."""
    pieces = [draw_garment(item, seed=product.number * 10 + k) for k, item in enumerate(product.items)]
    spots = _spots(product.items, pieces)
    frame = _fit(pieces, spots)
    placed = []
    for number, x, y, scale in spots:
        item = product.items[number]
        at = Placement(frame.x + x * frame.scale, frame.y + y * frame.scale, scale * frame.scale)
        cloth = Cloth(item.colour, item.material, item.pattern, item.second, product.number * 10 + number)
        placed.append(Placed(pieces[number], at, cloth, number + 1, item.print_text))
    return placed


def _spots(items: Sequence[Item], pieces: Sequence[Piece]) -> list[Spot]:
    if len(items) == 1:
        return [(0, 0.0, 0.0, 1.0)]
    columns = _columns(items)
    widths = [max(_span(pieces[n], items[n])[0] for n in column) for column in columns]
    x, spots = -(sum(widths) + GAP * (len(widths) - 1)) / 2, []
    for column, width in zip(columns, widths, strict=True):
        spots += _stack(items, pieces, column, x + width / 2)
        x += width + GAP
    return spots


def _columns(items: Sequence[Item]) -> list[list[int]]:
    rank = {**dict.fromkeys(HATS, 0), **dict.fromkeys(LOWER, 3), **dict.fromkeys(SMALL.keys() - HATS, 4)}
    numbers = sorted(range(len(items)), key=lambda n: (rank.get(items[n].kind, 1), "open" in items[n].cut))
    long = [n for n in numbers if items[n].kind in LONG or items[n].kind in DRESSES]
    rest = [n for n in numbers if n not in long]
    return [rest, long] if long else [numbers]


def _stack(items: Sequence[Item], pieces: Sequence[Piece], column: Sequence[int], x: float) -> list[Spot]:
    y, spots = 0.0, []
    for place, number in enumerate(column):
        scale = SMALL.get(items[number].kind, 1.0)
        left, top, right, bottom = pieces[number].bounds()
        if "open" in items[number].cut and place:
            spots.append((number, x, spots[-1][2], 1.0))  # worn over what was placed last
            continue
        spots.append((number, x - scale * (left + right) / 2, y - scale * top, scale))
        y += scale * (bottom - top) + GAP
    return [(number, at, height - y / 2, scale) for number, at, height, scale in spots]


def _span(piece: Piece, item: Item) -> tuple[float, float]:
    left, top, right, bottom = piece.bounds()
    scale = SMALL.get(item.kind, 1.0)
    return (right - left) * scale, (bottom - top) * scale


def _fit(pieces: Sequence[Piece], spots: Sequence[Spot]) -> Placement:
    boxes = [pieces[n].bounds() for n, *_ in spots]
    left = min(x + s * b[0] for b, (_, x, _, s) in zip(boxes, spots, strict=True))
    top = min(y + s * b[1] for b, (_, _, y, s) in zip(boxes, spots, strict=True))
    right = max(x + s * b[2] for b, (_, x, _, s) in zip(boxes, spots, strict=True))
    bottom = max(y + s * b[3] for b, (_, _, y, s) in zip(boxes, spots, strict=True))
    scale = min((BOX[2] - BOX[0]) / (right - left), (BOX[3] - BOX[1]) / (bottom - top), LARGEST)
    return Placement((BOX[0] + BOX[2]) / 2 - scale * (left + right) / 2, (BOX[1] + BOX[3]) / 2 - scale * (top + bottom) / 2, scale)
