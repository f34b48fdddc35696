"""Reads XLSX, a row at a time: the first sheet that has a heading line and rows below it."""

import struct
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from couturier.catalogue.readers.rows import Format, Opening, Row, load_extra, pair_cells
from couturier.errors import CatalogueError, StorageError

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MAX_UNPACKED_BYTES = 2_000_000_000
_MAX_SWELL = 200  # a sheet of text unpacks to 5 to 30 times its size, a bomb to 1,000 times
_SMALL_BYTES = 100_000_000
_MAX_COLUMNS = 2_000
_FIX = "save it again as .xlsx (not .xls, no password), or export CSV"


def read_rows(path: Path) -> Iterator[Row]:
    """Read one row a line; the first line with two filled cells is the heading.

    Numbers come as they are stored, formulas as what they last gave, dates as text.

    Raises:
        MissingExtraError: openpyxl or defusedxml is not installed.
        StorageError: there is no such file.
        CatalogueError: it is no XLSX, unpacks to too much, or has no table in it.
    """
    openpyxl = load_extra("openpyxl")
    load_extra("defusedxml")  # with it openpyxl refuses entities that swell without end
    _check_size(path)
    n_rows = 0
    try:
        # Handed over open: by its path openpyxl would leave a torn file open.
        with path.open("rb") as file:
            for row in _read_sheets(openpyxl, file):
                n_rows += 1
                yield row
    # A torn or hostile workbook makes openpyxl raise nearly anything: KeyError, BadZipFile,
    # ParseError, EntitiesForbidden, ValueError, TypeError have been seen.
    except Exception as fault:
        reason = fault.__context__ or fault  # openpyxl's own text only guesses at the cause
        raise CatalogueError(
            f"{path}: no readable XLSX ({type(reason).__name__}: {str(reason)[:160]})", fix=_FIX
        ) from fault
    if n_rows:
        return
    raise CatalogueError(
        f"{path}: no sheet with a heading of two columns and rows below it",
        fix="put the columns' names into the first line, an id and a text at least",
    )


def _check_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as fault:
        with path.open("rb") as file:
            is_old = file.read(4) == _OLE
        reason = "an old .xls or locked with a password" if is_old else str(fault)
        raise CatalogueError(f"{path}: no readable XLSX ({reason})", fix=_FIX) from fault
    except OSError as fault:
        raise StorageError(
            f"{path}: {fault.strerror or fault}", fix="give the path of the shop's workbook"
        ) from fault
    unpacked = sum(part.file_size for part in parts)
    swell = unpacked / max(1, sum(part.compress_size for part in parts))
    if unpacked > _MAX_UNPACKED_BYTES or (unpacked > _SMALL_BYTES and swell > _MAX_SWELL):
        raise CatalogueError(
            f"{path}: unpacks to {unpacked / 1e6:,.0f} MB, {swell:,.0f} times its size",
            fix="export the product data as CSV",
        )


def _read_sheets(openpyxl: Any, file: BinaryIO) -> Iterator[Row]:
    """Read the first sheet that gives rows; hidden ones come last."""
    with _quiet():
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    try:
        for sheet in sorted(book.worksheets, key=lambda one: one.sheet_state != "visible"):
            n_rows = 0
            for row in _read_sheet(sheet):
                n_rows += 1
                yield row
            if n_rows:
                return
    finally:
        book.close()


def _read_sheet(sheet: Any) -> Iterator[Row]:
    sheet.reset_dimensions()  # some exporters write a wrong size, which cuts rows off
    names: list[str] = []
    record = 0
    for cells in _quietly(sheet.iter_rows(values_only=True, max_col=_MAX_COLUMNS)):
        filled = sum(_is_filled(cell) for cell in cells)
        if not names:
            names = _read_heading(cells) if filled >= 2 else []
        elif filled:
            record += 1
            row = pair_cells(names, map(_plain, cells))
            row.pop("", None)  # columns without a heading
            yield Row(record, row)


def _quietly(lines: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Pass on what openpyxl reads, not its warnings of styles and dates out of range."""
    while True:
        with _quiet():
            try:
                cells = next(lines)
            except StopIteration:
                return
        yield cells


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _read_heading(cells: Sequence[Any]) -> list[str]:
    return [str(cell).strip() if _is_filled(cell) else "" for cell in cells]


def _is_filled(cell: Any) -> bool:
    return cell is not None and str(cell).strip() != ""


def _plain(cell: Any) -> Any:
    if isinstance(cell, str | bool | int | float):
        return cell if cell != "" else None
    return None if cell is None else str(cell)


def _claims(opening: Opening) -> bool:
    is_workbook = opening.data.startswith(_ZIP) and b"xl/" in opening.data
    return (
        is_workbook or opening.data.startswith(_OLE) or opening.suffix in (".xlsx", ".xlsm", ".xls")
    )


FORMAT = Format("XLSX", _claims, read_rows)
