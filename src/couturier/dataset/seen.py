"""What a product's picture shows, as its row tells: the grammar's garments, put right by fields."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from couturier.catalogue.fields import to_text
from couturier.catalogue.readers.rows import plain_name
from couturier.catalogue.records import Product
from couturier.garments.colours import find_colour
from couturier.garments.grammar import find_garments
from couturier.garments.kinds import family_of, find_kind
from couturier.garments.records import Garment

# A type names the one garment in the picture; a category may be a shelf ("Bottomwear") and only
# helps where the text names no garment at all.
TYPE_FIELDS = ("article_type", "product_type", "garment_type", "item_type", "garment")
CATEGORY_FIELDS = ("category", "sub_category", "product_category", "main_category")
COLOUR_FIELDS = ("base_colour", "base_color", "colour", "color", "colours", "colors")
MATERIAL_FIELDS = ("material", "fabric", "materials")
PATTERN_FIELDS = ("pattern", "print")

Fields = Mapping[str, Any]  # a row's other fields by their plain names

_SHELVES = frozenset({"set", "accessory", "jewellery"})
_SAYS_NOTHING = frozenset({"", "na", "n/a", "none", "null", "nan", "unknown", "other", "-"})
_MAX_GRAMMAR_CHARS = 2_000  # the garments stand in the first sentences; what follows is care advice


def see_garments(product: Product) -> tuple[Garment, ...]:
    """Tell the garments of a product from title, copy and fields.

    Where the row has a field for the garment's type, a title without further copy is about one
    garment of that type: "Regent Polo Men Check Black Shirt" shows no polo shirt. A colour field
    goes before a colour word of another basic colour ("Red Tape Men Black Shoes"), but not
    before a more exact word of the same ("hot pink" where the field says "Pink").
    """
    repeats = product.description == product.title  # as in shops that have names and no copy
    text = "" if repeats else product.description[:_MAX_GRAMMAR_CHARS]
    garments = find_garments(text, title=product.title or None)
    fields = {plain_name(name): value for name, value in product.fields.items()}
    kind = _kind_of(fields, TYPE_FIELDS)
    if kind and _is_title_only(product):
        garments = _keep_one(garments, kind)
    if not garments:
        kind = kind or _kind_of(fields, CATEGORY_FIELDS)
        garments = [Garment(kind)] if kind else []
    if len(garments) == 1:
        garments = [_complete(garments[0], fields)]
    return tuple(garments)


def _is_title_only(product: Product) -> bool:
    return not product.description or product.description == product.title or not product.title


def _keep_one(garments: Sequence[Garment], kind: str) -> list[Garment]:
    """Keep the last garment of the type's family, with what the others of it say besides."""
    family = family_of(kind)
    same = [garment for garment in garments if family_of(garment.kind) == family]
    if not same:
        return list(garments)
    if len(same) == 1:
        return same
    merged: dict[str, Any] = {}
    for garment in same:
        merged |= {name: value for name, value in garment.as_dict().items() if value is not None}
    return [Garment.from_dict(merged)]


def _complete(garment: Garment, fields: Fields) -> Garment:
    colour = _colour_of(fields)
    if colour and not _is_shade(garment.colour, colour):
        garment = replace(garment, colour=colour)
    pattern = garment.pattern or _worn(fields, PATTERN_FIELDS, garment.kind).pattern
    material = garment.material or _worn(fields, MATERIAL_FIELDS, garment.kind).material
    return replace(garment, pattern=pattern, material=material)


def _worn(fields: Fields, names: Iterable[str], kind: str) -> Garment:
    """Read a field such as "100% cotton" as the grammar reads "100% cotton shirt"."""
    text = to_text(_first(fields, names))[:100].lower()
    told = find_garments(f"{text} {kind}") if text not in _SAYS_NOTHING else []
    return told[0] if told else Garment(kind)


def _is_shade(said: str | None, field: str) -> bool:
    """Say whether the text's colour is the field's, or a closer word for it."""
    if not said:
        return False
    bases = {_base(word) for word in field.split(" and ")}
    return any(_base(word) in bases for word in [said, *said.split(" and ")])


def _base(word: str) -> str:
    colour = find_colour(word)
    return colour.base if colour else word


def _colour_of(fields: Fields) -> str:
    value = _first(fields, COLOUR_FIELDS)
    words = value if isinstance(value, list) else [value]
    told = [to_text(word).lower() for word in words]
    return " and ".join(dict.fromkeys(word for word in told if word not in _SAYS_NOTHING))


def _kind_of(fields: Fields, names: Iterable[str]) -> str | None:
    """Find the first kind a field names; "Sets" and "Accessories" are shelves, not kinds."""
    for name in names:
        kind = find_kind(to_text(fields[name])[:100]) if name in fields else None
        if kind and kind not in _SHELVES:
            return kind
    return None


def _first(fields: Fields, names: Iterable[str]) -> Any:
    return next((fields[name] for name in names if name in fields), None)
