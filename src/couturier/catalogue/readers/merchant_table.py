"""Reads a Google Merchant feed as a table, TSV as a rule."""

from collections.abc import Iterator
from pathlib import Path

from couturier.catalogue.readers import merchant, tables
from couturier.catalogue.readers.rows import Format, Opening, Row


def read_rows(path: Path) -> Iterator[Row]:
    """Read one row an item; sizes of one garment are one row.

    Raises:
        StorageError: there is no such file.
        CatalogueError: it is no readable table.
    """
    return merchant.make_rows(tables.read_rows(path))


def _claims(opening: Opening) -> bool:
    names = {name.removeprefix("g_") for name in opening.heading}
    return opening.suffix not in (".xml", ".json") and {"id", "title", "image_link"} <= names


FORMAT = Format("Google Merchant TSV", _claims, read_rows)
