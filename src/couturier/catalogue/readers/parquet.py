"""Reads Parquet, a batch of rows at a time; pictures kept inside the file are passed over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from couturier.catalogue.readers.rows import Format, Opening, Row, load_extra, pair_cells
from couturier.errors import CatalogueError, StorageError

_MAGIC = b"PAR1"
_BATCH_ROWS = 1_000


def read_rows(path: Path) -> Iterator[Row]:
    """Read one row a record; dates and decimals become text, bytes are not read at all.

    Of a column of pictures, as the `datasets` library writes them, the path is taken.

    Raises:
        MissingExtraError: pyarrow is not installed.
        StorageError: there is no such file.
        CatalogueError: it is no Parquet, or torn.
    """
    arrow, parquet = load_extra("pyarrow"), load_extra("pyarrow.parquet")
    record = 0
    try:
        with parquet.ParquetFile(path) as file:
            columns = _list_columns(arrow, file.schema_arrow)
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
                names = batch.schema.names
                held = [one.to_pylist(maps_as_pydicts="lossy") for one in batch.columns]
                for cells in zip(*held, strict=True):
                    record += 1
                    yield Row(record, pair_cells(names, map(_plain, cells)))
    except FileNotFoundError as fault:
        raise StorageError(f"{path}: no such file", fix="give the path of the file") from fault
    except (arrow.ArrowException, OSError, ValueError, OverflowError) as fault:
        where = f"after row {record}" if record else "at its start"
        raise CatalogueError(
            f"{path}: no readable Parquet {where} ({str(fault)[:200]})",
            fix="write the file again, or export the product data as CSV or JSON",
        ) from fault


def _list_columns(arrow: Any, schema: Any) -> list[str]:
    columns: list[str] = []
    for field in schema:
        kind = field.type
        if _is_bytes(arrow, kind):
            continue
        if arrow.types.is_struct(kind) and any(_is_bytes(arrow, part.type) for part in kind):
            columns += [f"{field.name}.{p.name}" for p in kind if not _is_bytes(arrow, p.type)]
        else:
            columns.append(field.name)
    return columns


def _is_bytes(arrow: Any, kind: Any) -> bool:
    types = arrow.types
    return any(
        is_kind(kind)
        for is_kind in (types.is_binary, types.is_large_binary, types.is_fixed_size_binary)
    )


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {str(name): _plain(entry) for name, entry in value.items()}
    return str(value)


def _claims(opening: Opening) -> bool:
    return opening.data.startswith(_MAGIC) or opening.suffix in (".parquet", ".pq")


FORMAT = Format("Parquet", _claims, read_rows)
