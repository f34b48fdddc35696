"""Reads CSV and TSV: names in the first line, one row a record."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from couturier.catalogue.readers.rows import Format, Opening, Row, read_source
from couturier.errors import CatalogueError

_MAX_CELL_CHARS = 1_000_000


def read_rows(path: Path) -> Iterator[Row]:
    """Read a table whose cells are parted by the mark its first line uses most: , ; tab or |.

    Raises:
        StorageError: there is no such file.
        CatalogueError: it is empty, no UTF-8 text, or has a heading and no rows.
    """
    text = read_source(path)
    csv.field_size_limit(_MAX_CELL_CHARS)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_find_delimiter(text))
    names = _read_heading(path, lines)
    if len(names) < 2:
        raise CatalogueError(
            f"{path}, line 1: one column ({names[0][:40]!r}), expected an id and a text at least",
            fix="export the table with a heading line, cells parted by commas or tabs",
        )
    record = 0
    while True:
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
            yield _row(record, names, cells, line=lines.line_num)


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


def _find_delimiter(text: str) -> str:
    heading = text.lstrip().split("\n", 1)[0]
    return max(("\t", ",", ";", "|"), key=heading.count)


def _claims(opening: Opening) -> bool:
    return opening.suffix in (".csv", ".tsv", ".tab")


FORMAT = Format("CSV or TSV", _claims, read_rows, is_general=True)
