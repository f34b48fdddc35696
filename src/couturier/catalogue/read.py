"""Reads a shop's product data as it is: rows become products, their pictures are found."""

from pathlib import Path

from couturier.catalogue.faults import make_fault
from couturier.catalogue.fields import RowFields, map_fields
from couturier.catalogue.folders import PictureFolder, list_pictures
from couturier.catalogue.readers.formats import choose_reader
from couturier.catalogue.readers.rows import Row
from couturier.catalogue.records import Catalogue, Fault, Product
from couturier.errors import CatalogueError
from couturier.garments.text import clean_text

MAX_TEXT_CHARS = 20_000  # a page of copy has 3,000; what is longer is a mishap of the export


def read_catalogue(product_data: Path, *, images: Path | None) -> Catalogue:
    """Read a catalogue: every row is either a product or named in the faults.

    Args:
        product_data: A list, an object keyed by id, JSON lines, CSV or TSV.
        images: The pictures' folder; None leaves pictures out of it (none is found or missed).

    Returns:
        Products in the order of the source; those without a picture or a text are among them,
        with the reason in the faults or for the caller to tell.

    Raises:
        CatalogueError: the file as a whole cannot be read or holds no rows; no images folder.
        StorageError: there is no such file.
    """
    rows = choose_reader(product_data)(product_data)
    folder = list_pictures(images) if images else None
    faults: list[Fault] = []
    products: list[Product] = []
    first_records: dict[str, int] = {}
    n_rows = 0
    for row in rows:
        n_rows += 1
        product, found = _read_row(row, folder, first_records)
        faults += found
        if product:
            first_records[product.image_id] = row.record
            products.append(product)
    if not n_rows:
        raise CatalogueError(f"{product_data}: holds no rows", fix="export the product data again")
    if folder:
        faults += _tell_folder(folder, products)
    return Catalogue(product_data, tuple(products), tuple(faults))


def _tell_folder(folder: PictureFolder, products: list[Product]) -> list[Fault]:
    used = [path for product in products for path in product.pictures]
    unread = [make_fault("unreadable folder", text, file=text) for text in folder.unreadable]
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
        found = folder.find_by_id(image_id)
        pictures = [found.path] if found.path else []
        # The reason why a named path failed says more than that the id led nowhere too.
        if found.fault and not (faults and not found.path):
            name = found.path.name if found.path else ""
            fault = make_fault(
                found.fault, found.reason, image_id=image_id, file=name, record=record
            )
            faults.append(fault)
    return tuple(pictures), faults


def _named(value: object) -> str:
    if value is None:
        return "null"
    return "a list" if isinstance(value, list) else f"{value!r:.40}"
