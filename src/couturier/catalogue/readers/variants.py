"""Makes rows of a product that shops list with its variants: one row a colour that is pictured."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

COLOUR_OPTIONS = frozenset(
    ("color", "colour", "colors", "colours", "farbe", "couleur", "colore", "kleur", "cor", "färg")
)
MATERIAL_OPTIONS = frozenset(("material", "fabric", "stoff", "matière", "tessuto"))


@dataclass(frozen=True)
class Variant:
    """One size, colour or the like of a product.

    Attributes:
        options: What the shop's own option names are set to, as in {"Color": "Red"}.
        sku: Its stock number; "" where it has none.
        pictures: Those that show this variant.
    """

    options: Mapping[str, str]
    sku: str = ""
    pictures: tuple[str, ...] = ()

    def pick(self, names: frozenset[str]) -> str:
        """Give what the first option of these names is set to; "" for none."""
        chosen = (v for name, v in self.options.items() if name.strip().casefold() in names)
        return next(chosen, "").strip()


def make_rows(
    shared: Mapping[str, Any],
    image_id: str,
    *,
    pictures: Sequence[str],
    variants: Sequence[Variant],
) -> list[dict[str, Any]]:
    """Make the rows of one product, each with pictures that its words are true of.

    Sizes are one row. Of several colours, each with pictures of its own, every colour becomes a
    row `<image_id>-<colour>`; pictures that belong to no one colour stay under `image_id`, of
    which no colour is said. All rows share `item_group_id`, so that they are held out together.

    Args:
        shared: Title, description and whatever else all variants share.
        image_id: The shop's id of the product.
        pictures: All pictures of the product in its order.
        variants: Its variants in their order.
    """
    listed = list(dict.fromkeys([*pictures, *(p for v in variants for p in v.pictures)]))
    colours = list(dict.fromkeys(filter(None, (v.pick(COLOUR_OPTIONS) for v in variants))))
    base = {**shared, **_same(variants), "item_group_id": image_id}
    if len(colours) < 2:
        said = {"colour": colours[0]} if colours else {}
        return [{**base, **said, **_skus(variants), "image_id": image_id, "images": listed}]
    own = _own_pictures(variants)
    rows = [
        _colour_row(base, image_id, colour, variants, own[colour])
        for colour in colours
        if own.get(colour)
    ]
    bound = {picture for row in rows for picture in row["images"]}
    loose = [picture for picture in listed if picture not in bound]
    if loose or not rows:
        skus = {} if rows else _skus(variants)
        rows.insert(0, {**base, **skus, "image_id": image_id, "images": loose})
    return rows


def _colour_row(
    base: Mapping[str, Any],
    image_id: str,
    colour: str,
    variants: Sequence[Variant],
    pictures: Sequence[str],
) -> dict[str, Any]:
    mine = [v for v in variants if v.pick(COLOUR_OPTIONS) == colour]
    slug = re.sub(r"\W+", "-", colour.casefold()).strip("-")
    own = {"image_id": f"{image_id}-{slug}", "colour": colour, "images": list(pictures)}
    # The handle names a picture of the product, not of this colour.
    rest = {name: value for name, value in base.items() if name != "handle"}
    return {**rest, **_skus(mine), **own}


def _own_pictures(variants: Sequence[Variant]) -> dict[str, list[str]]:
    """Give each colour the pictures that show it and no other."""
    shows: dict[str, list[str]] = {}
    for variant in variants:
        for picture in variant.pictures:
            colours = shows.setdefault(picture, [])
            if (colour := variant.pick(COLOUR_OPTIONS)) not in colours:
                colours.append(colour)
    own: dict[str, list[str]] = {}
    for picture, colours in shows.items():
        if len(colours) == 1 and colours[0]:
            own.setdefault(colours[0], []).append(picture)
    return own


def _same(variants: Sequence[Variant]) -> dict[str, Any]:
    materials = set(filter(None, (v.pick(MATERIAL_OPTIONS) for v in variants)))
    return {"material": materials.pop()} if len(materials) == 1 else {}


def _skus(variants: Sequence[Variant]) -> dict[str, Any]:
    skus = list(dict.fromkeys(v.sku for v in variants if v.sku))
    return {"sku": skus[0] if len(skus) == 1 else skus} if skus else {}
