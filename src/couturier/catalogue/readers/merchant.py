"""What the items of a Google Merchant feed mean, be it a table or XML."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from couturier.catalogue.readers.rows import Row, last_part, plain_name
from couturier.spill import FirstSeen

_PICTURES = ("image_link", "additional_image_link", "lifestyle_image_link")
_CATEGORIES = ("product_type", "google_product_category")


def make_rows(items: Iterable[Row]) -> Iterator[Row]:
    """Make rows of a feed's items, in which every size of a garment is an item of its own.

    Items of one item_group_id with the same colour and the same first picture are one product;
    the first one stands for all.

    Args:
        items: As the file gives them; values are texts or lists of texts.
    """
    seen = FirstSeen()
    for item in items:
        if item.broken:
            yield item
            continue
        row = make_row(item.value)
        group = row.get("item_group_id")
        first = row["images"][0] if row["images"] else ""
        key = "\0".join((str(group), str(row.get("color")), str(row.get("pattern")), first))
        if group and first and seen.setdefault(key, item.record) != item.record:
            continue
        yield Row(item.record, row)


def make_row(item: Mapping[str, Any]) -> dict[str, Any]:
    """Make one row of an item."""
    row = {_plain(name): value for name, value in item.items() if value}
    pictures = [part for name in _PICTURES for part in _addresses(row.pop(name, None))]
    # RSS has a <title> of its own beside <g:title>; they say the same.
    row = {name: v[0] if isinstance(v, list) else v for name, v in row.items()}
    row |= {name: last_part(row[name]) for name in _CATEGORIES if name in row}
    if isinstance(colour := row.get("color"), str) and "/" in colour:
        row["color"] = [part.strip() for part in colour.split("/") if part.strip()]
    return {**row, "images": list(dict.fromkeys(pictures))}


def _plain(name: str) -> str:
    return plain_name(name).removeprefix("g_")


def _addresses(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    # Commas inside an address are written %2C there.
    parts = [part for text in values if text for part in re.split(r"\s*,\s*", str(text).strip())]
    return [part for part in parts if part]
