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
from couturier.spill import FirstSeen, Gathered

_COMMA = re.compile(r"(?<!\\),\s*")  # a comma that belongs to a value is written "\,"
_MAX_ATTRIBUTES = 20


def read_rows(path: Path) -> Iterator[Row]:
    """Read one row a product, or one a colour where the colours have pictures of their own.

    A variation names its parent by SKU or as "id:44"; one whose parent is not in the file stands
    for itself. `record` is the number of the product's line.

    Raises:
        StorageError: there is no such file.
        CatalogueError: it is no readable table.
    """
    parents, variations = Gathered(), Gathered()
    places = FirstSeen()
    for row in tables.read_rows(path):
        if row.broken:
            yield row
            continue
        line = {plain_name(name): value for name, value in row.value.items()}
        if _text(line, "type").casefold().startswith("variation"):
            variations.add(_text(line, "parent"), [row.record, line])
            continue
        parents.add(str(row.record), [row.record, line])
        for name in (_text(line, "sku"), f"id:{_text(line, 'id')}"):
            places.setdefault(name, row.record)
    for gathered in (parents, variations):
        gathered.index()
    yield from _join(parents, variations, places)


def _join(parents: Gathered, variations: Gathered, places: FirstSeen) -> Iterator[Row]:
    """Give parents with their variations, then the variations whose parent is nowhere."""
    for name, lines in parents.groups():
        record, line = lines[0]
        names = dict.fromkeys((_text(line, "sku"), f"id:{_text(line, 'id')}"))
        own = [n for n in names if n and places.find(n) == int(name)]
        children = sorted(
            (entry for n in own for entry in variations.find(n)), key=lambda entry: int(entry[0])
        )
        for value in _make_product(line, [child for _, child in children]):
            yield Row(record, value)
    for parent, lines in variations.groups():
        if not parent or places.find(parent) is None:
            for record, line in lines:
                for value in _make_product(line, []):
                    yield Row(record, value)


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
