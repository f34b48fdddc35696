"""Reads Shopify's products.json: products with body_html, options, variants and images."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from couturier.catalogue.readers import json_whole
from couturier.catalogue.readers.rows import Format, Opening, Row, last_part
from couturier.catalogue.readers.variants import Variant, make_rows

_KEPT = ("handle", "vendor", "tags", "status")
_NO_OPTION = ("title", "default title")


def read_rows(path: Path) -> Iterator[Row]:
    """Read one row a product, or one a colour where the colours have pictures of their own.

    Takes the shop's public products.json as well as the Admin API's. The image_id is the
    product's number. An entry that is no Shopify product comes as it stands.

    Raises:
        StorageError: there is no such file.
        CatalogueError: it is no readable JSON.
    """
    for row in json_whole.read_rows(path):
        if row.broken or not _is_product(row.value):
            yield row
            continue
        for value in _make_product(row.value, row.key):
            yield Row(row.record, value)


def _is_product(value: Any) -> bool:
    return isinstance(value, dict) and any(
        isinstance(value.get(name), list) for name in ("variants", "images")
    )


def _make_product(product: dict[str, Any], key: str | None) -> list[dict[str, Any]]:
    image_id = _text(product.get("image_id") or product.get("id")) or _text(key)
    shared = {
        "title": product.get("title"),
        "description": product.get("body_html") or product.get("description"),
        "product_type": last_part(product.get("product_type")),
        **{name: product.get(name) for name in _KEPT},
    }
    images = [image for image in _list(product, "images") if isinstance(image, dict)]
    entries = [entry for entry in _list(product, "variants") if isinstance(entry, dict)]
    names = _option_names(product)
    return make_rows(
        {name: value for name, value in shared.items() if value},
        image_id or _text(product.get("handle")),
        pictures=[src for image in images if (src := _text(image.get("src")))],
        variants=[_make_variant(entry, names, images) for entry in entries],
    )


def _option_names(product: dict[str, Any]) -> list[str]:
    options = _list(product, "options")
    return [_text(o.get("name") if isinstance(o, Mapping) else o) for o in options]


def _make_variant(entry: dict[str, Any], names: list[str], images: list[dict[str, Any]]) -> Variant:
    chosen = {name: _text(entry.get(f"option{n}")) for n, name in enumerate(names, start=1)}
    options = {
        name: value
        for name, value in chosen.items()
        if value and (name.casefold(), value.casefold()) != _NO_OPTION
    }
    pictures = [_text(image.get("src")) for image in images if _shows(image, entry)]
    featured = entry.get("featured_image")
    if isinstance(featured, Mapping):
        pictures.append(_text(featured.get("src")))
    return Variant(options, _text(entry.get("sku")), tuple(dict.fromkeys(filter(None, pictures))))


def _shows(image: dict[str, Any], variant: dict[str, Any]) -> bool:
    number = variant.get("id")
    if number is not None and number in _list(image, "variant_ids"):
        return True
    own = variant.get("image_id")  # the Admin API's way
    return own is not None and own == image.get("id")


def _list(value: dict[str, Any], name: str) -> list[Any]:
    held = value.get(name)
    return held if isinstance(held, list) else []


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _claims(opening: Opening) -> bool:
    if opening.text.lstrip("\ufeff \t\r\n")[:1] not in ("{", "["):
        return False
    # The copy of one product may fill pages: the names need not all stand in the opening.
    holds = [re.search(rf'"{name}"\s*:', opening.text) for name in ("body_html", "handle")]
    lists = re.search(r'"(variants|images)"\s*:\s*\[', opening.text)
    return any(holds) and lists is not None


FORMAT = Format("Shopify products.json", _claims, read_rows)
