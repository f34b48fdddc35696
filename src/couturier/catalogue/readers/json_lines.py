"""Reads JSON lines: one object a line; a broken line costs that row alone."""

import json
from collections.abc import Iterator
from pathlib import Path

from couturier.catalogue.readers.rows import Row, parse_json, read_source


def read_rows(path: Path) -> Iterator[Row]:
    """Read one row a line, blank lines skipped; `record` counts the rows, not the lines.

    Raises:
        StorageError: there is no such file.
        CatalogueError: it is empty or no UTF-8 text.
    """
    record = 0
    # Not splitlines(): U+2028 and its like may stand inside a JSON text.
    for line, text in enumerate(read_source(path).split("\n"), start=1):
        if text.strip():
            record += 1
            yield _row(record, line, text)


def _row(record: int, line: int, text: str) -> Row:
    try:
        return Row(record, parse_json(text))
    except json.JSONDecodeError as fault:
        return Row(record, None, broken=f"line {line}, column {fault.colno}: no JSON ({fault.msg})")
    except ValueError as fault:
        return Row(record, None, broken=f"line {line}: no readable JSON ({fault})")
