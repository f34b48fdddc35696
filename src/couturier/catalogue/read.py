"""Reads a shop's product data as it is: rows become products, their pictures are found."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from couturier.catalogue.columns import ColumnMap
from couturier.catalogue.faults import make_fault
from couturier.catalogue.fields import RowFields, map_fields, to_text
from couturier.catalogue.folders import Found, PictureFolder, list_pictures
from couturier.catalogue.readers.formats import choose_reader
from couturier.catalogue.readers.rows import Row
from couturier.catalogue.records import Catalogue, Fault, Product
from couturier.errors import CatalogueError
from couturier.garments.text import clean_text

_OTHER_IDS = ("sku", "handle")
MAX_TEXT_CHARS = 20_000  # a page of copy has 3,000; what is longer is a mishap of the export


def read_catalogue(
    product_data: Path, *, images: Path | None, columns: Sequence[str] = ()
) -> Catalogue:
    """Read a catalogue: every row is either a product or named in the faults.

    Args:
        product_data: A file of any format that a module of `catalogue.readers` reads.
        images: The pictures' folder or zip; None leaves pictures out of it (none is found or
            missed).
        columns: Which column is what, as in "id=sku", where the names do not say it.

    Returns:
        Products in the order of the source; those without a picture or a text are among them,
        with the reason in the faults or for the caller to tell.

    Raises:
        CatalogueError: the file as a whole cannot be read or holds no rows, none of which has
            an id; no images folder; a column of `columns` is not there.
        MissingExtraError: the format needs a library that is not installed.
        StorageError: there is no such file.
    """
    rows = choose_reader(product_data)(product_data)
    folder = list_pictures(images) if images else None
    names = ColumnMap(columns)
    faults: list[Fault] = []
    products: list[Product] = []
    first_records: dict[str, int] = {}
    n_rows = 0
    for row in rows:
        n_rows += 1
        product, found = _read_row(_rename(row, names), folder, first_records)
        faults += found
        if product:
            first_records[product.image_id] = row.record
            products.append(product)
    if not n_rows:
        raise CatalogueError(f"{product_data}: holds no rows", fix="export the product data again")
    names.check(product_data)
    if n_rows > 1 and all(fault.fault == "no id" for fault in faults) and not products:
        raise CatalogueError(
            f"{product_data}: no column holds an id ({', '.join(names.list_met()[:12])})",
            fix="name it with --map id=COLUMN",
        )
    if folder:
        faults += _tell_folder(folder, products)
    return Catalogue(product_data, tuple(products), tuple(faults))


def _rename(row: Row, names: ColumnMap) -> Row:
    return replace(row, value=names.rename(row.value)) if isinstance(row.value, dict) else row


def _tell_folder(folder: PictureFolder, products: list[Product]) -> list[Fault]:
    used = [path for product in products for path in product.pictures]
    unread = [make_fault("unreadable folder", text, file=text) for text in folder.unreadable]
    unread += [
        make_fault("unsafe path", f"{name[:120]!r} leads out of the zip", file=name[:200])
        for name in folder.unsafe
    ]
    unused = [
        make_fault("unused picture", f"no row leads to {name}", file=name)
        for name in folder.list_unused(used)
    ]
    return unread + unused


def _read_row(
    row: Row, folder: PictureFolder | None, first_records: dict[str, int]
) -> tuple[Product | None, list[Fault]]:
    if row.broken or not isinstance(row.value, dict):
        reason = row.broken or f"row {row.record} is {_named(row.value)}, expected an object"
        fault = make_fault("unreadable row", reason, image_id=row.key or "", record=row.record)
        return None, [fault]
    fields = map_fields(row.value, row.key)
    image_id = fields.image_id or _id_of_path(fields)
    if not image_id:
        return None, [make_fault("no id", f"row {row.record} has no image_id", record=row.record)]
    if image_id in first_records:
        reason = f"{image_id[:80]!r} is the id of row {first_records[image_id]} already"
        return None, [make_fault("repeated id", reason, image_id=image_id, record=row.record)]
    pictures, faults = _find_pictures(image_id, row.record, fields, folder)
    product = Product(
        image_id=image_id,
        record=row.record,
        title=clean_text(fields.title[:MAX_TEXT_CHARS]),
        description=clean_text(fields.description[:MAX_TEXT_CHARS]),
        pictures=pictures,
        fields=fields.others,
    )
    return product, faults


def _id_of_path(fields: RowFields) -> str:
    """Take the first picture's name for an id, as a metadata.jsonl without ids means it."""
    return Path(fields.pictures[0].replace("\\", "/")).stem if fields.pictures else ""


def _find_pictures(
    image_id: str, record: int, fields: RowFields, folder: PictureFolder | None
) -> tuple[tuple[Path, ...], list[Fault]]:
    """Find what the row names; if it names nothing that is there, look for the id."""
    if folder is None:
        return (), []
    pictures: list[Path] = []
    faults: list[Fault] = []
    for written in fields.pictures:
        found = folder.find_by_path(written)
        if found.path and found.path not in pictures:
            pictures.append(found.path)
        if found.fault:
            fault = make_fault(
                found.fault, found.reason, image_id=image_id, file=written[:200], record=record
            )
            faults.append(fault)
    if not pictures:
        found = _find_by_ids(image_id, fields, folder)
        pictures = [found.path] if found.path else []
        if found.path and faults and faults[0].fault == "web address":
            faults.pop(0)  # saved under the product's id, as the first address' picture
        # The reason why a named path failed says more than that the id led nowhere too.
        if found.fault and not (faults and not found.path):
            name = found.path.name if found.path else ""
            fault = make_fault(
                found.fault, found.reason, image_id=image_id, file=name, record=record
            )
            faults.append(fault)
    return tuple(pictures), faults


def _find_by_ids(image_id: str, fields: RowFields, folder: PictureFolder) -> Found:
    """Find by the id, else by the other names a shop calls its picture files by."""
    found = folder.find_by_id(image_id)
    if found.path or found.fault != "no picture":
        return found
    for name in _OTHER_IDS:
        value = fields.others.get(name)
        for text in value if isinstance(value, list) else [value]:
            if (other := to_text(text)) and (by_other := folder.find_by_id(other)).path:
                return by_other
    return found


def _named(value: object) -> str:
    if value is None:
        return "null"
    return "a list" if isinstance(value, list) else f"{value!r:.40}"
