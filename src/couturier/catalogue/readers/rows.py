"""What every reader is and gives: its format, rows as they stand, the text they are read from."""

import codecs
import importlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn, TextIO

from couturier.errors import CatalogueError, MissingExtraError, StorageError


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


@dataclass(frozen=True)
class Opening:
    """How a shop's file opens; formats are told apart by it.

    Attributes:
        suffix: The ending of its name, lower case, as in ".csv".
        data: Its first bytes, a million at most.
        text: The same as text; bytes that are none are replaced.
    """

    suffix: str
    data: bytes
    text: str

    @property
    def heading(self) -> set[str]:
        """The first line's cells in plain names, if the file is a table of cells."""
        line = self.text.lstrip("\ufeff\r\n").split("\n", 1)[0]
        return {plain_name(cell) for cell in re.split(r"[,;\t|]", line)}


@dataclass(frozen=True)
class Format:
    """One format a shop may export; a reader module holds one as `FORMAT`.

    Attributes:
        name: As it is called in messages.
        claims: Says by the opening whether a file is of this format.
        read: Reads such a file.
        is_general: True where a closer format of the same kind is to be asked first, as a
            Shopify CSV before any CSV.
    """

    name: str
    claims: Callable[[Opening], bool]
    read: Reader
    is_general: bool = False


def pair_cells(names: Iterable[str], cells: Iterable[Any]) -> dict[str, Any]:
    """Make a row of cells; of columns with one name the first that is filled counts."""
    row: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=False):
        if row.get(name) in (None, ""):
            row[name] = cell
    return row


def plain_name(name: object) -> str:
    """Give a column's name in its plain form: "Body (HTML)" and "body_html" are one."""
    return _plain_name(str(name))


@lru_cache(maxsize=4096)  # every row has the same columns
def _plain_name(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_")


def last_part(value: Any) -> Any:
    """Take the last step of a category path: "Apparel > Clothing > Dresses" is about dresses."""
    return value.rsplit(">", 1)[-1].strip() if isinstance(value, str) else value


_OTHER_WAYS = {"formats": ", or export the product data as CSV or JSON"}


def load_extra(module: str, *, extra: str = "formats") -> Any:
    """Import a library that only some shops' files need.

    Args:
        module: Its name.
        extra: The extra of couturier that brings it.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as fault:
        raise MissingExtraError(
            f"this needs {module.partition('.')[0]}, which is not installed",
            fix=f'pip install "couturier[{extra}]"{_OTHER_WAYS.get(extra, "")}',
        ) from fault


@contextmanager
def open_source(path: Path) -> Iterator[TextIO]:
    """Open a shop's file as text: UTF-8, or UTF-16 or UTF-32 where its first bytes tell.

    Line ends come as they stand. It is read a piece at a time: memory does not grow with it.

    Raises:
        StorageError: there is no such file, or it may not be read.
        CatalogueError: it is empty, or in another encoding.
    """
    try:
        with path.open("rb") as file:
            encoding = find_encoding(file.read(4))
        with path.open(encoding=encoding, newline="") as text:
            yield text
    except UnicodeDecodeError as fault:
        raise CatalogueError(
            f"{path}: not UTF-8 text (byte {_find_bad_byte(path, encoding)})",
            fix='save the file as UTF-8; in Excel: "CSV UTF-8 (comma delimited)"',
        ) from fault
    except OSError as fault:
        raise StorageError(
            f"{path}: {fault.strerror or fault}",
            fix="give the path of the shop's product_data.json",
        ) from fault


def find_encoding(opening: bytes) -> str:
    """Tell UTF-8, UTF-16 and UTF-32 apart by a file's first four bytes.

    Without a mark the first character is taken for one of ASCII, as a bracket, a letter or a
    quote are: the zero bytes about it then tell.
    """
    if opening.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if opening.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = "".join("0" if byte == 0 else "x" for byte in opening)
    return _BY_ZEROS.get(zeros, "utf-8-sig")


_BY_ZEROS = {"x000": "utf-32-le", "000x": "utf-32-be", "x0x0": "utf-16-le", "0x0x": "utf-16-be"}


def refuse_empty(path: Path) -> NoReturn:
    """Refuse a file in which there is nothing but spaces.

    Raises:
        CatalogueError: always.
    """
    raise CatalogueError(f"{path}: empty", fix="export the product data again")


def _find_bad_byte(path: Path, encoding: str) -> int:
    """Find the first byte that is no text; counted from 0."""
    decoder = codecs.getincrementaldecoder(encoding)()
    n_read = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            n_waiting = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as fault:
                return n_read - n_waiting + fault.start
            n_read += len(chunk)
    return n_read  # it ends in the middle of a character


def parse_json(text: str) -> Any:
    """Parse JSON as shops write it: NaN and Infinity count as nothing said.

    Raises:
        ValueError: it is no JSON, nests too deep or holds an endless number.
    """
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except RecursionError as fault:
        raise ValueError("nested too deep") from fault
