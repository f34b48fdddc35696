"""Reads CSV and TSV: names in the first line, one row a record."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from couturier.catalogue.readers.rows import (
    Format,
    Opening,
    Row,
    open_source,
    pair_cells,
    refuse_empty,
)
from couturier.errors import CatalogueError

_MAX_CELL_CHARS = 1_000_000
_MAX_STEPS_BACK = 100  # each may read a cell's most characters again
_SAID = re.compile(r"sep=([\t,;|])", re.IGNORECASE)


def read_rows(path: Path) -> Iterator[Row]:
    """Read a table whose cells are parted by the mark its first line uses most: , ; tab or |.

    Raises:
        StorageError: there is no such file.
        CatalogueError: it is empty, no UTF-8 text, or has a heading and no rows.
    """
    csv.field_size_limit(_MAX_CELL_CHARS)
    with open_source(path) as text:
        yield from _read_table(path, text)


def _read_table(path: Path, text: TextIO) -> Iterator[Row]:
    source = _Lines(text)
    delimiter = _find_delimiter(path, source)
    lines = csv.reader(source, delimiter=delimiter)
    names = _read_heading(path, lines)
    if len(names) < 2:
        raise CatalogueError(
            f"{path}, line 1: one column ({names[0][:40]!r}), expected an id and a text at least",
            fix="export the table with a heading line, cells parted by commas or tabs",
        )
    record = n_open = 0
    while True:
        source.forget()
        reason = ""
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as fault:
            cells, reason = ["?"], f"line {source.first}: no CSV ({fault})"
        if source.is_open:
            reason = f"line {source.first}: a quote is opened and never closed"
            n_open += 1
            if n_open <= _MAX_STEPS_BACK:  # the lines after it are rows of their own
                source.step_back(1)
                lines = csv.reader(source, delimiter=delimiter)
        if any(cell.strip() for cell in cells):
            record += 1
            row = Row(record, None, broken=reason)
            yield row if reason else _row(record, names, cells, line=source.last)


class _Lines:
    """Lines of a table, those of the row that is being read kept to be read again.

    Args:
        text: Open for reading.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self._row: list[str] = []
        self.last = 0  # number of the line read last, from 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._text)
        self._row.append(line)
        self.last += 1
        return line

    @property
    def first(self) -> int:
        """Number of the row's first line."""
        return self.last - len(self._row) + 1

    @property
    def is_open(self) -> bool:
        """Whether the row ran on over lines in search of its last quote, and found none."""
        return len(self._row) > 1 and sum(line.count('"') for line in self._row) % 2 == 1

    def forget(self) -> None:
        """Begin a row."""
        self._row.clear()

    def step_back(self, n_kept: int) -> None:
        """Give the row's lines again, but for its first ones."""
        self._again.extendleft(reversed(self._row[n_kept:]))
        self.last -= len(self._row) - n_kept


def _read_heading(path: Path, lines: Iterator[list[str]]) -> list[str]:
    """Read the first line that is not empty."""
    try:
        heading = next((cells for cells in lines if any(cell.strip() for cell in cells)), [""])
    except csv.Error as fault:
        raise CatalogueError(
            f"{path}, line 1: no CSV ({fault})", fix="export the table again as CSV or TSV"
        ) from fault
    return [name.strip() for name in heading]


def _row(record: int, names: list[str], cells: list[str], *, line: int) -> Row:
    if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
        reason = f"line {line}: {len(cells)} cells under {len(names)} names"
        return Row(record, None, broken=f"{reason}; put texts that hold commas in quotes")
    # An empty cell says nothing, as null does in JSON.
    return Row(record, pair_cells(names, (cell or None for cell in cells)))


def _find_delimiter(path: Path, source: _Lines) -> str:
    """Find what parts the cells: what Excel's "sep=;" says, or the heading uses most."""
    heading = next((line for line in source if line.strip()), "")
    if not heading:
        refuse_empty(path)
    if said := _SAID.fullmatch(heading.strip("\ufeff\r\n")):
        return said[1]
    source.step_back(0)
    return max(("\t", ",", ";", "|"), key=heading.count)


def _claims(opening: Opening) -> bool:
    return opening.suffix in (".csv", ".tsv", ".tab")


FORMAT = Format("CSV or TSV", _claims, read_rows, is_general=True)
