"""Reads JSON lines: one object a line; a broken line costs that row alone."""

import json
from collections.abc import Iterator
from pathlib import Path

from couturier.catalogue.readers.rows import (
    Format,
    Opening,
    Row,
    open_source,
    parse_json,
    refuse_empty,
)


def read_rows(path: Path) -> Iterator[Row]:
    """Read one row a line, blank lines skipped; `record` counts the rows, not the lines.

    Raises:
        StorageError: there is no such file.
        CatalogueError: it is empty or no UTF-8 text.
    """
    record = 0
    with open_source(path) as lines:
        for line, text in enumerate(lines, start=1):
            if text.strip():
                record += 1
                yield _row(record, line, text.rstrip("\r\n"))
    if not record:
        refuse_empty(path)


def _row(record: int, line: int, text: str) -> Row:
    try:
        return Row(record, parse_json(text))
    except json.JSONDecodeError as fault:
        return Row(record, None, broken=f"line {line}, column {fault.colno}: no JSON ({fault.msg})")
    except ValueError as fault:
        return Row(record, None, broken=f"line {line}: no readable JSON ({fault})")


def _claims(opening: Opening) -> bool:
    """Say yes by the name, or where the first two filled lines are each a whole object."""
    if opening.suffix in (".jsonl", ".ndjson"):
        return True
    filled = [line for line in opening.text.split("\n") if line.strip()][:2]
    return len(filled) == 2 and all(_is_object(line) for line in filled)


def _is_object(line: str) -> bool:
    try:
        return line.lstrip("\ufeff \t").startswith("{") and isinstance(
            parse_json(line.lstrip("\ufeff")), dict
        )
    except ValueError:
        return False


FORMAT = Format("JSON lines", _claims, read_rows)
