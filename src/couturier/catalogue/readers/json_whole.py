"""Reads one JSON value: a list of rows, an object keyed by id, or a list wrapped in an object."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from couturier.catalogue.readers.rows import (
    Format,
    Opening,
    RepeatedKeys,
    Row,
    parse_json,
    read_source,
)
from couturier.errors import CatalogueError

_SHAPES = "a list of rows, or an object keyed by image_id"
_WRAPPERS = ("products", "items", "rows", "data", "product_data")
_TELLS_ONE_ROW = ("image_id", "description", "title")


def read_rows(path: Path) -> Iterator[Row]:
    """Read a product_data.json of any of the known shapes.

    Raises:
        CatalogueError: it is no JSON (with line and column), or holds something else.
        StorageError: there is no such file.
    """
    value = _unwrap(_parse(path, read_source(path)))
    if isinstance(value, list):
        yield from (Row(record, entry) for record, entry in enumerate(value, start=1))
    elif isinstance(value, dict):
        yield from _keyed(value)
    else:
        raise CatalogueError(
            f"{path}: holds {_named(value)}, expected {_SHAPES}",
            fix=f"export the product data as {_SHAPES}",
        )


def _parse(path: Path, text: str) -> Any:
    try:
        return parse_json(text)
    except json.JSONDecodeError as fault:
        raise CatalogueError(
            f"{path}, line {fault.lineno}, column {fault.colno}: no JSON ({_reason(text, fault)})",
            fix="mend the file at that place, or export it again",
        ) from fault
    except ValueError as fault:
        raise CatalogueError(
            f"{path}: no readable JSON ({fault})", fix=f"export the product data as {_SHAPES}"
        ) from fault


def _reason(text: str, fault: json.JSONDecodeError) -> str:
    closes = text[fault.pos : fault.pos + 1] in ("]", "}")
    after_comma = text[: fault.pos].rstrip().endswith(",")
    # Python up to 3.12 points at the bracket, later ones at the comma and call it illegal.
    if (closes and after_comma) or "trailing comma" in fault.msg:
        return "a comma before the closing bracket"
    if fault.pos >= len(text.rstrip()):
        return "the file ends too early"
    return fault.msg[:1].lower() + fault.msg[1:]


def _unwrap(value: Any) -> Any:
    """Take the rows out of {"products": [...]}, and take one bare row as a list of one."""
    if not isinstance(value, dict):
        return value
    for name in _WRAPPERS:
        if isinstance(value.get(name), list):
            return value[name]
    is_one_row = any(isinstance(value.get(name), str) for name in _TELLS_ONE_ROW)
    return [value] if is_one_row and "image_id" in value else value


def _keyed(value: dict[str, Any]) -> Iterator[Row]:
    pairs = value.pairs if isinstance(value, RepeatedKeys) else value.items()
    for record, (key, entry) in enumerate(pairs, start=1):
        # {"0001": "A red dress"}: the least a shop can say.
        row = {"description": entry} if isinstance(entry, str) else entry
        yield Row(record, row, key=key)


def _named(value: Any) -> str:
    if value is None:
        return "null"
    kinds: Mapping[type, str] = {str: "a text", bool: "true or false", int: "a number"}
    return kinds.get(type(value), "a number")


def _claims(opening: Opening) -> bool:
    starts = opening.text.lstrip("\ufeff \t\r\n")[:1]
    return opening.suffix == ".json" or starts in ("[", "{")


FORMAT = Format("JSON", _claims, read_rows, is_general=True)
