"""Reads WooCommerce's product CSV: variations join their parents."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from couturier.catalogue.readers import tables
from couturier.catalogue.readers.rows import Format, Opening, Row, last_part, plain_name
from couturier.catalogue.readers.variants import (
    COLOUR_OPTIONS,
    MATERIAL_OPTIONS,
    Variant,
    make_rows,
)

_COMMA = re.compile(r"(?<!\\),\s*")  # a comma that belongs to a value is written "\,"
_MAX_ATTRIBUTES = 20

_Line = tuple[int, dict[str, Any]]


def read_rows(path: Path) -> Iterator[Row]:
    """Read one row a product, or one a colour where the colours have pictures of their own.

    A variation names its parent by SKU or as "id:44"; one whose parent is not in the file stands
    for itself. `record` is the number of the product's line.

    Raises:
        StorageError: there is no such file.
        CatalogueError: it is no readable table.
    """
    parents: list[_Line] = []
    variations: list[_Line] = []
    for row in tables.read_rows(path):
        if row.broken:
            yield row
            continue
        line = {plain_name(name): value for name, value in row.value.items()}
        kind = _text(line, "type").casefold()
        (variations if kind.startswith("variation") else parents).append((row.record, line))
    children, orphans = _join(parents, variations)
    for place, (record, line) in enumerate([*parents, *orphans]):
        for value in _make_product(line, children.get(place, [])):
            yield Row(record, value)


def _join(
    parents: Sequence[_Line], variations: Sequence[_Line]
) -> tuple[dict[int, list[dict[str, Any]]], list[_Line]]:
    places: dict[str, int] = {}
    for place, (_, line) in enumerate(parents):
        for name in (_text(line, "sku"), f"id:{_text(line, 'id')}"):
            places.setdefault(name, place)
    children: dict[int, list[dict[str, Any]]] = {}
    orphans: list[_Line] = []
    for record, line in variations:
        named = _text(line, "parent")
        if named and named in places:
            children.setdefault(places[named], []).append(line)
        else:
            orphans.append((record, line))
    return children, orphans


def _make_product(
    line: dict[str, Any], variations: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    sku = _text(line, "sku")
    categories = _COMMA.split(_text(line, "categories"))
    said = _attributes(line)
    copy = _text(line, "description") or _text(line, "short_description")
    shared = {
        "title": _text(line, "name"),
        "description": copy.replace("\\n", "\n"),  # so the exporter writes line ends
        "category": last_part(categories[0]),
        "tags": _text(line, "tags"),
        "material": next((v for n, v in said.items() if n.casefold() in MATERIAL_OPTIONS), ""),
    }
    own = Variant({} if variations else _single_colour(said), sku)
    return make_rows(
        {name: value for name, value in shared.items() if value},
        _text(line, "id") or sku,
        pictures=_pictures(line),
        variants=[own, *map(_make_variant, variations)],
    )


def _make_variant(line: dict[str, Any]) -> Variant:
    return Variant(_attributes(line), _text(line, "sku"), tuple(_pictures(line)))


def _single_colour(said: dict[str, str]) -> dict[str, str]:
    """Keep a product's colour if it has one; of several, none is true of every picture."""
    return {
        name: value
        for name, value in said.items()
        if name.casefold() in COLOUR_OPTIONS and len(_COMMA.split(value)) == 1
    }


def _attributes(line: dict[str, Any]) -> dict[str, str]:
    numbers = range(1, _MAX_ATTRIBUTES + 1)
    pairs = (
        (_text(line, f"attribute_{n}_name"), _text(line, f"attribute_{n}_value_s")) for n in numbers
    )
    # A shop-wide attribute is called "Color" in the file and pa_color by some export plugins.
    return {name.removeprefix("pa_"): value for name, value in pairs if name and value}


def _pictures(line: dict[str, Any]) -> list[str]:
    return [part.strip() for part in _COMMA.split(_text(line, "images")) if part.strip()]


def _text(line: dict[str, Any], name: str) -> str:
    return str(line.get(name) or "").strip()


def _claims(opening: Opening) -> bool:
    heading = opening.heading
    own = {"parent", "visibility_in_catalog", "is_featured", "attribute_1_name"}
    return {"type", "name", "images"} <= heading and not heading.isdisjoint(own)


FORMAT = Format("WooCommerce CSV", _claims, read_rows)
