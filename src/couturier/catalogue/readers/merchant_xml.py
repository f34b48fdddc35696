"""Reads a Google Merchant feed in XML (RSS or Atom), a piece at a time; entities are refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from couturier.catalogue.readers import merchant
from couturier.catalogue.readers.rows import Format, Opening, Row
from couturier.errors import CatalogueError, StorageError

_ITEMS = frozenset(("item", "entry", "product"))
_CHUNK_BYTES = 1 << 16
_MAX_TEXT_CHARS = 1_000_000
_FIX = "export the feed again as XML, TSV or CSV"


def read_rows(path: Path) -> Iterator[Row]:
    """Read one row an <item> or <entry>; sizes of one garment are one row.

    Raises:
        StorageError: there is no such file.
        CatalogueError: it is no well-formed XML (with line and column), declares a DOCTYPE, by
            which a small file can swell to gigabytes, or holds no items.
    """
    return merchant.make_rows(_read_items(path))


def _read_items(path: Path) -> Iterator[Row]:
    collector = _Collector(path)
    n_items = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                collector.feed(chunk)
                for item in collector.take():
                    n_items += 1
                    yield Row(n_items, item)
            collector.feed(b"", is_last=True)
    except OSError as fault:
        raise StorageError(
            f"{path}: {fault.strerror or fault}", fix="give the path of the shop's feed"
        ) from fault
    if not n_items:
        raise CatalogueError(f"{path}: XML without any <item> or <entry>", fix=_FIX)


class _Collector:
    """Gathers items while the parser runs; what lies outside of items is let go.

    Args:
        path: The file, for messages.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._done: list[dict[str, Any]] = []
        self._item: dict[str, Any] | None = None
        self._depth = 0
        self._item_depth = 0
        self._name = ""
        self._text: list[str] = []
        self._n_chars = 0
        self._parser = expat.ParserCreate()  # no namespaces: many feeds forget to declare g:
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._add

    def feed(self, chunk: bytes, *, is_last: bool = False) -> None:
        """Parse the next piece of the file."""
        try:
            self._parser.Parse(chunk, is_last)
        except expat.ExpatError as fault:
            place = f"line {fault.lineno}, column {fault.offset + 1}"
            reason = expat.ErrorString(fault.code)
            raise CatalogueError(f"{self._path}, {place}: no XML ({reason})", fix=_FIX) from fault
        except (LookupError, ValueError) as fault:  # of the encoding that the file declares
            raise CatalogueError(f"{self._path}: no XML ({fault})", fix=_FIX) from fault

    def take(self) -> list[dict[str, Any]]:
        """Hand out the items finished since the last call."""
        done, self._done = self._done, []
        return done

    def _refuse(self, name: str, *_: object) -> NoReturn:
        raise CatalogueError(
            f"{self._path}: declares a DOCTYPE ({name[:40]}), which no feed needs and which can "
            "hold entities that swell without end",
            fix="take the <!DOCTYPE ...> out of the file, or export it again",
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        local = _local(name)
        if self._item is None:
            if local in _ITEMS:
                self._item, self._item_depth = {}, self._depth
        elif self._depth == self._item_depth + 1:
            self._name, self._text, self._n_chars = local, [], 0
            if local == "link" and "href" in attributes:  # Atom writes links as attributes
                self._text.append(attributes["href"])

    def _end(self, name: str) -> None:
        if self._item is not None:
            if self._depth == self._item_depth:
                self._done.append(self._item)
                self._item = None
            elif self._depth == self._item_depth + 1:
                self._keep("".join(self._text).strip())
        self._depth -= 1

    def _keep(self, text: str) -> None:
        assert self._item is not None
        if not text:
            return
        held = self._item.get(self._name)
        if held is None:
            self._item[self._name] = text
        else:  # several additional_image_link, or <title> beside <g:title>
            self._item[self._name] = [*held, text] if isinstance(held, list) else [held, text]

    def _add(self, text: str) -> None:
        self._n_chars += len(text)
        if self._item is not None and self._n_chars <= _MAX_TEXT_CHARS:
            self._text.append(text)


def _local(name: str) -> str:
    """Take the namespace's prefix off: "g:id" is "id"."""
    return name.rsplit(":", 1)[-1].lower()


def _claims(opening: Opening) -> bool:
    starts = opening.text.lstrip("\ufeff \t\r\n")[:200].lower()
    return opening.suffix in (".xml", ".rss", ".atom") or starts.startswith(
        ("<?xml", "<rss", "<feed", "<!doctype")
    )


FORMAT = Format("Google Merchant XML", _claims, read_rows)
