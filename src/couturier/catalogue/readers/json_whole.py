"""Reads one JSON value: a list of rows, an object keyed by id, or a list wrapped in an object."""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from couturier.catalogue.readers.json_stream import JsonStream
from couturier.catalogue.readers.rows import Format, Opening, Row, open_source, refuse_empty
from couturier.errors import CatalogueError

_SHAPES = "a list of rows, or an object keyed by image_id"
_WRAPPERS = ("products", "items", "rows", "data", "product_data")
_HELD_BACK = 200  # more fields than a row has, fewer rows than take notable memory
_TELLS_ONE_ROW = ("image_id", "description", "title")


def read_rows(path: Path) -> Iterator[Row]:
    """Read a product_data.json of any of the known shapes, a row at a time.

    A row that is no JSON, nests too deep or holds an endless number costs itself alone, as long
    as its brackets show where it ends; a comma after the last row is passed over.

    Raises:
        CatalogueError: it is no JSON (with line and column), or holds something else; rows
            before the place that is none have been given by then.
        StorageError: there is no such file.
    """
    with open_source(path) as text:
        stream = JsonStream(text)
        try:
            yield from _read_top(path, stream)
            if stream.peek():
                raise stream.refuse("Extra data")
        except UnicodeDecodeError:
            raise
        except ValueError as fault:
            raise CatalogueError(
                f"{path}, {_explain(stream, fault)}",
                fix=f"mend the file at that place, or export it again as {_SHAPES}",
            ) from fault


def _read_top(path: Path, stream: JsonStream) -> Iterator[Row]:
    opens = stream.peek()
    if not opens:
        refuse_empty(path)
    if opens == "[":
        yield from _read_list(stream)
    elif opens == "{":
        yield from _read_object(stream)
    else:
        raise CatalogueError(
            f"{path}: holds {_named(stream.read_value())}, expected {_SHAPES}",
            fix=f"export the product data as {_SHAPES}",
        )


def _read_list(stream: JsonStream) -> Iterator[Row]:
    stream.take("[")
    record = 0
    while stream.peek() != "]":
        if record:
            stream.take(",")
            if stream.peek() == "]":
                break
        record += 1
        value = _read_entry(stream)
        yield Row(record, None, broken=value) if isinstance(value, _Broken) else Row(record, value)
    stream.take("]")


class _Broken(str):
    """Says what is wrong with an entry that could not be read."""


def _read_entry(stream: JsonStream) -> Any:
    """Read a row's value; a broken one is stepped over, and what is wrong with it comes back."""
    try:
        return stream.read_value()
    except UnicodeDecodeError:
        raise
    except ValueError as fault:
        reason = _explain(stream, fault)
        if not stream.skip_value():
            raise _PlacedError(reason) from fault
        return _Broken(reason)


class _PlacedError(ValueError):
    """Says what is wrong and where; the stream may have read on since."""


def _explain(stream: JsonStream, fault: ValueError) -> str:
    if isinstance(fault, _PlacedError):
        return str(fault)
    if isinstance(fault, json.JSONDecodeError):
        line, column = stream.place(fault)
        return f"line {line}, column {column}: no JSON ({_reason(fault)})"
    reason = "a number without end" if "digits" in str(fault) else str(fault)
    return f"line {stream.line}: no readable JSON ({reason})"


def _read_object(stream: JsonStream) -> Iterator[Row]:
    """Read rows keyed by id, one bare row, or a list of rows under one of the `_WRAPPERS`.

    Which of them it is shows at the end or where the list begins; until then pairs are held back.
    """
    held: list[tuple[str, Any]] = []
    n_before = 0
    for key in _read_keys(stream):
        if key in _WRAPPERS and not n_before and stream.peek() == "[":
            yield from _read_list(stream)
            deque(_read_values(stream), maxlen=0)  # what else the wrapper says
            return
        held.append((key, _read_entry(stream)))
        if n_before or len(held) > _HELD_BACK:
            yield from _keyed(held, n_before)
            n_before += len(held)
            held.clear()
    fields = dict(held)
    is_one_row = any(isinstance(fields.get(name), str) for name in _TELLS_ONE_ROW)
    if is_one_row and "image_id" in fields and not n_before:
        broken = next((value for value in fields.values() if isinstance(value, _Broken)), "")
        yield Row(1, fields, broken=broken)
    else:
        yield from _keyed(held, n_before)


def _read_keys(stream: JsonStream) -> Iterator[str]:
    """Give each key of an object; its value is to be read before the next."""
    stream.take("{")
    is_first = True
    while stream.peek() != "}":
        if not is_first:
            stream.take(",")
            if stream.peek() == "}":
                break
        yield _read_key(stream)
        is_first = False
    stream.take("}")


def _read_values(stream: JsonStream) -> Iterator[Any]:
    """Read the rest of an object."""
    while stream.peek() != "}":
        stream.take(",")
        _read_key(stream)
        yield stream.read_value()
    stream.take("}")


def _read_key(stream: JsonStream) -> str:
    if stream.peek() != '"':
        raise stream.refuse("Expecting property name enclosed in double quotes")
    key = str(stream.read_value())
    stream.take(":")
    return key


def _keyed(pairs: Iterable[tuple[str, Any]], n_before: int) -> Iterator[Row]:
    for record, (key, entry) in enumerate(pairs, start=n_before + 1):
        if isinstance(entry, _Broken):
            yield Row(record, None, key=key, broken=entry)
            continue
        # {"0001": "A red dress"}: the least a shop can say.
        row = {"description": entry} if isinstance(entry, str) else entry
        yield Row(record, row, key=key)


def _reason(fault: json.JSONDecodeError) -> str:
    text = fault.doc
    closes = text[fault.pos : fault.pos + 1] in ("]", "}")
    after_comma = text[: fault.pos].rstrip().endswith(",")
    # Python up to 3.12 points at the bracket, later ones at the comma and call it illegal.
    if (closes and after_comma) or "trailing comma" in fault.msg:
        return "a comma before the closing bracket"
    if fault.pos >= len(text.rstrip()):
        return "the file ends too early"
    return fault.msg[:1].lower() + fault.msg[1:]


def _named(value: Any) -> str:
    if value is None:
        return "null"
    kinds: Mapping[type, str] = {str: "a text", bool: "true or false", int: "a number"}
    return kinds.get(type(value), "a number")


def _claims(opening: Opening) -> bool:
    starts = opening.text.lstrip("\ufeff \t\r\n")[:1]
    return opening.suffix == ".json" or starts in ("[", "{")


FORMAT = Format("JSON", _claims, read_rows, is_general=True)
