"""Reads a Shopify product CSV: lines of one handle are one product, its variants and pictures."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from couturier.catalogue.readers import tables
from couturier.catalogue.readers.rows import Format, Opening, Row, last_part, plain_name
from couturier.catalogue.readers.variants import Variant, make_rows
from couturier.spill import Gathered

# The classic export and the one of 2025 ("URL handle", "Product image URL") side by side.
_HANDLE = ("handle", "url_handle")
_BODY = ("body_html", "description")
_PICTURE = ("image_src", "product_image_url")
_VARIANT_PICTURE = ("variant_image", "variant_image_url")
_SKU = ("variant_sku", "sku")
_KEPT = ("vendor", "tags", "status")
_NO_OPTION = ("title", "default title")  # how Shopify writes that a product has no variants


def read_rows(path: Path) -> Iterator[Row]:
    """Read one row a handle, or one a colour where the colours have pictures of their own.

    `record` is the number of the product's first line. Lines of one handle need not stand
    together: a table sorted in Excel is read all the same.

    Raises:
        StorageError: there is no such file.
        CatalogueError: it is no readable table.
    """
    products = Gathered()
    for row in tables.read_rows(path):
        if row.broken:
            yield row
            continue
        cells = {plain_name(name): value for name, value in row.value.items()}
        if handle := _first([cells], _HANDLE):
            products.add(handle, [row.record, cells])
        else:
            yield Row(row.record, {})
    products.index()
    for handle, lines in products.groups():
        for value in _make_product(handle, [cells for _, cells in lines]):
            yield Row(lines[0][0], value)


def _make_product(handle: str, lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    names = _option_names(lines)
    shared = {
        "title": _first(lines, ("title",)),
        "description": _first(lines, _BODY),
        "product_type": last_part(_first(lines, ("type",))),
        "product_category": last_part(_first(lines, ("product_category",))),
        "handle": handle,
        **{name: _first(lines, (name,)) for name in _KEPT},
    }
    return make_rows(
        {name: value for name, value in shared.items() if value},
        handle,
        pictures=_pictures(lines),
        variants=[v for line in lines if (v := _make_variant(line, names))],
    )


def _pictures(lines: Sequence[dict[str, Any]]) -> list[str]:
    placed = [
        (_place(line.get("image_position")), picture)
        for line in lines
        if (picture := _first([line], _PICTURE))
    ]
    return [picture for _, picture in sorted(placed, key=lambda pair: pair[0])]


def _place(value: Any) -> int:
    text = str(value or "").strip()
    return int(text) if text.isdecimal() and len(text) < 9 else 10**9


def _option_names(lines: Sequence[dict[str, Any]]) -> dict[int, str]:
    """Give the option names by number; only a product's first line need hold them."""
    named = {n: _first(lines, (f"option{n}_name",)) for n in (1, 2, 3)}
    return {n: name for n, name in named.items() if name}


def _make_variant(line: dict[str, Any], names: dict[int, str]) -> Variant | None:
    """Make the variant of a line; None where the line only adds a picture."""
    chosen = {name: _first([line], (f"option{n}_value",)) for n, name in names.items()}
    options = {
        name: value
        for name, value in chosen.items()
        if value and (name.casefold(), value.casefold()) != _NO_OPTION
    }
    sku, picture = _first([line], _SKU), _first([line], _VARIANT_PICTURE)
    if not (options or sku or picture):
        return None
    return Variant(options, sku, (picture,) if picture else ())


def _first(lines: Sequence[dict[str, Any]], names: tuple[str, ...]) -> str:
    told = (str(line[name]).strip() for line in lines for name in names if line.get(name))
    return next((text for text in told if text), "")


def _claims(opening: Opening) -> bool:
    heading = opening.heading
    has_handle = not heading.isdisjoint(_HANDLE)
    return has_handle and not heading.isdisjoint((*_PICTURE, "option1_name", "variant_sku"))


FORMAT = Format("Shopify CSV", _claims, read_rows)
