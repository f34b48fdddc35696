"""Reads CSV and TSV: names in the first line, one row a record."""

import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TextIO

from couturier.catalogue.readers.rows import Format, Opening, Row, open_source, refuse_empty
from couturier.errors import CatalogueError

_MAX_CELL_CHARS = 1_000_000


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
    opening = _read_opening(text)
    if not opening:
        refuse_empty(path)
    raw: list[str] = []
    lines = csv.reader(_record(chain(opening, text), raw), delimiter=_find_delimiter(opening[-1]))
    names = _read_heading(path, lines)
    if len(names) < 2:
        raise CatalogueError(
            f"{path}, line 1: one column ({names[0][:40]!r}), expected an id and a text at least",
            fix="export the table with a heading line, cells parted by commas or tabs",
        )
    record = 0
    while True:
        raw.clear()
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as fault:
            record += 1
            yield Row(record, None, broken=f"line {lines.line_num}: no CSV ({fault})")
            continue
        if any(cell.strip() for cell in cells):
            record += 1
            if _is_open(raw):
                first = lines.line_num - len(raw) + 1
                reason = (
                    f"line {first}: a quote is opened and never closed; {len(raw)} lines are in it"
                )
                yield Row(record, None, broken=reason)
            else:
                yield _row(record, names, cells, line=lines.line_num)


def _record(lines: Iterable[str], raw: list[str]) -> Iterator[str]:
    """Pass lines on, and keep those of the row that is being read."""
    for line in lines:
        raw.append(line)
        yield line


def _is_open(raw: list[str]) -> bool:
    """Say whether a row ran to the end of the file in search of its last quote."""
    return len(raw) > 1 and sum(line.count('"') for line in raw) % 2 == 1


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
    return Row(record, {name: cell or None for name, cell in zip(names, cells, strict=False)})


def _read_opening(text: TextIO) -> list[str]:
    """Read up to the first line that holds anything; none where no line does."""
    opening: list[str] = []
    for line in text:
        opening.append(line)
        if line.strip():
            return opening
    return []


def _find_delimiter(heading: str) -> str:
    return max(("\t", ",", ";", "|"), key=heading.count)


def _claims(opening: Opening) -> bool:
    return opening.suffix in (".csv", ".tsv", ".tab")


FORMAT = Format("CSV or TSV", _claims, read_rows, is_general=True)
