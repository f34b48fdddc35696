"""Chooses the reader for a shop's file, by its name and else by how it opens."""

from pathlib import Path

from couturier.catalogue.readers import json_lines, json_whole, tables
from couturier.catalogue.readers.rows import Reader, parse_json, read_source
from couturier.errors import CatalogueError

_BY_SUFFIX: dict[str, Reader] = {
    ".jsonl": json_lines.read_rows,
    ".ndjson": json_lines.read_rows,
    ".csv": tables.read_rows,
    ".tsv": tables.read_rows,
}


def choose_reader(path: Path) -> Reader:
    """Choose who reads `path`.

    A .json file may hold JSON lines after all; files of unknown name are judged by how they open.

    Raises:
        StorageError: there is no such file.
        CatalogueError: it is empty, or of a format not known.
    """
    suffix = path.suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    text = read_source(path)
    if suffix == ".json" or text.lstrip()[:1] in ("[", "{"):
        return json_lines.read_rows if _is_lines(text) else json_whole.read_rows
    raise CatalogueError(
        f"{path}: neither JSON, JSON lines, CSV nor TSV",
        fix="export the product data as JSON, or name the file .csv or .tsv if it is a table",
    )


def _is_lines(text: str) -> bool:
    """Say whether the first two filled lines are each a whole object."""
    filled = [line for line in text[:1_000_000].split("\n") if line.strip()][:2]
    return len(filled) == 2 and all(_is_object(line) for line in filled)


def _is_object(line: str) -> bool:
    try:
        return line.lstrip().startswith("{") and isinstance(parse_json(line), dict)
    except ValueError:
        return False
