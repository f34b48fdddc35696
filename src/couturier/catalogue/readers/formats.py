"""Chooses the reader for a shop's file, by what it holds and else by its name."""

import importlib
import pkgutil
from pathlib import Path

from couturier.catalogue import readers
from couturier.catalogue.readers.rows import Format, Opening, Reader, find_encoding
from couturier.errors import CatalogueError, StorageError

_OPENING_BYTES = 1_000_000


def choose_reader(path: Path) -> Reader:
    """Choose who reads `path`: the first format that claims it, the general ones last.

    Raises:
        StorageError: there is no such file.
        CatalogueError: it is empty, or of a format not known.
    """
    opening = _open(path)
    if not opening.data:
        raise CatalogueError(f"{path}: empty", fix="export the product data again")
    formats = list_formats()
    for known in formats:
        if known.claims(opening):
            return known.read
    names = ", ".join(sorted(known.name for known in formats))
    raise CatalogueError(
        f"{path}: of no format that is known ({names})",
        fix="export the product data as JSON, or name the file .csv or .tsv if it is a table",
    )


def list_formats() -> list[Format]:
    """List the formats of all modules in this folder; the general ones last.

    A module is a format's reader if it holds a `FORMAT`; a new one need be named nowhere else.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(readers.__path__))
    modules = [importlib.import_module(f"{readers.__name__}.{name}") for name in names]
    formats = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return sorted(formats, key=lambda known: known.is_general)


def _open(path: Path) -> Opening:
    try:
        with path.open("rb") as file:
            data = file.read(_OPENING_BYTES)
    except OSError as fault:
        raise StorageError(
            f"{path}: {fault.strerror or fault}",
            fix="give the path of the shop's product_data.json",
        ) from fault
    text = data.decode(find_encoding(data[:4]), errors="replace")
    return Opening(path.suffix.lower(), data, text)
