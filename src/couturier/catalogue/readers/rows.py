"""What every reader gives: rows as they stand, and the text they are read from."""

import codecs
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from couturier.errors import CatalogueError, StorageError


@dataclass(frozen=True)
class Row:
    """One row of the source.

    Attributes:
        record: Its number in the source, from 1.
        value: What stands there: a dictionary where all is well, anything else otherwise.
        key: The id it stands under, in an object keyed by id.
        broken: Why it could not be read; "" where it could.
    """

    record: int
    value: Any
    key: str | None = None
    broken: str = ""


Reader = Callable[[Path], Iterator[Row]]


class RepeatedKeys(dict[str, Any]):
    """A JSON object in which a key stands twice; `pairs` still holds them all."""

    pairs: tuple[tuple[str, Any], ...] = ()


def read_source(path: Path) -> str:
    """Read a shop's file as text: UTF-8, or UTF-16 where it opens with the mark of it.

    Raises:
        StorageError: there is no such file, or it may not be read.
        CatalogueError: it is empty, or in another encoding.
    """
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise StorageError(
            f"{path}: {fault.strerror or fault}",
            fix="give the path of the shop's product_data.json",
        ) from fault
    encoding = "utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as fault:
        raise CatalogueError(
            f"{path}: not UTF-8 text (byte {fault.start})", fix="save the file as UTF-8"
        ) from fault
    if not text.strip():
        raise CatalogueError(f"{path}: empty", fix="export the product data again")
    return text


def parse_json(text: str) -> Any:
    """Parse JSON as shops write it: NaN and Infinity count as nothing said.

    Raises:
        ValueError: it is no JSON, nests too deep or holds an endless number.
    """
    try:
        return json.loads(text, object_pairs_hook=_to_object, parse_constant=lambda _: None)
    except RecursionError as fault:
        raise ValueError("nested too deep") from fault


def _to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    repeated = RepeatedKeys(plain)
    repeated.pairs = tuple(pairs)
    return repeated
