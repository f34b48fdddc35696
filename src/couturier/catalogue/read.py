"""Reads a shop's product data as it is: rows become products, their pictures are found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from couturier.catalogue.columns import ColumnMap
from couturier.catalogue.download import Downloads
from couturier.catalogue.faults import make_fault
from couturier.catalogue.fields import RowFields, map_fields, to_text
from couturier.catalogue.folders import Found, PictureFolder, list_pictures
from couturier.catalogue.readers.formats import choose_reader
from couturier.catalogue.readers.rows import Row, plain_name
from couturier.catalogue.records import Catalogue, Fault, Product
from couturier.catalogue.remote import bring_file
from couturier.errors import CatalogueError
from couturier.garments.text import clean_text
from couturier.runs import OnStep
from couturier.spill import FirstSeen

_OUR_NAMES = ("", "title", "description")
_OTHER_IDS = ("sku", "handle")
MAX_TEXT_CHARS = 20_000  # a page of copy has 3,000; what is longer is a mishap of the export


def read_catalogue(
    product_data: Path, *, images: Path | None, columns: Sequence[str] = ()
) -> Catalogue:
    """Read a whole catalogue into memory; see `stream_catalogue`."""
    read = list(stream_catalogue(product_data, images=images, columns=columns))
    products = tuple(one for one in read if isinstance(one, Product))
    return Catalogue(product_data, products, tuple(one for one in read if isinstance(one, Fault)))


def stream_catalogue(
    product_data: Path,
    *,
    images: Path | None,
    columns: Sequence[str] = (),
    downloads: Downloads | None = None,
    on_step: OnStep | None = None,
) -> Iterator[Product | Fault]:
    """Read a catalogue row by row: each is either a product or named in a fault.

    Memory does not grow with the rows, only with the files of the images folder.

    Args:
        product_data: A file of any format that a module of `catalogue.readers` reads; here, or
            elsewhere as in s3://bucket/products.json.
        images: The pictures' folder, here or elsewhere, or zip; None without `downloads` leaves
            pictures out of it (none is found or missed).
        columns: Which column is what, as in "id=sku", where the names do not say it.
        downloads: Fetches the pictures at web addresses before the rows are read; None leaves
            such pictures out.
        on_step: Called with how many are downloaded, and 0 while nobody knows of how many.

    Yields:
        Products in the order of the source, each after the faults of its row; those without a
        picture or a text are among them, with the reason in the faults or for the caller to
        tell. What is wrong with the images folder comes last.

    Raises:
        CatalogueError: the file as a whole cannot be read or holds no rows, none of which has
            an id; no images folder; a column of `columns` is not there.
        MissingExtraError: the format needs a library that is not installed.
        StorageError: there is no such file.
    """
    with bring_file(product_data) as file:
        read_rows = choose_reader(file)
        folder = list_pictures(images) if images else None
        if downloads:
            folder = folder or PictureFolder(downloads.folder)
            _download(read_rows(file), ColumnMap(columns), folder, downloads, on_step)
            folder = replace(folder, downloads=downloads)
        reading = _Reading(folder, ColumnMap(columns))
        for row in read_rows(file):
            yield from reading.read_row(row)
        reading.check(product_data)
    if reading.folder:
        yield from _tell_folder(reading.folder)


def _download(
    rows: Iterator[Row],
    names: ColumnMap,
    folder: PictureFolder,
    downloads: Downloads,
    on_step: OnStep | None,
) -> None:
    """Fetch every picture that rows name by an address and that the folder does not hold."""
    addresses = _list_addresses(rows, names, folder)
    for n_done, address in enumerate(downloads.fetch(addresses), start=1):
        if on_step:
            on_step(n_done, 0, f"downloading {address[:60]}")


def _list_addresses(rows: Iterator[Row], names: ColumnMap, folder: PictureFolder) -> Iterator[str]:
    seen = FirstSeen()
    for n, row in enumerate(rows):
        if row.broken or not isinstance(row.value, dict):
            continue
        for place, written in enumerate(map_fields(names.rename(row.value), row.key).pictures):
            if folder.holds_address(written):
                own = n << 10 | place  # a row names 100 pictures at most
                if seen.setdefault(written, own) == own:
                    yield written


@dataclass
class _Reading:
    """One catalogue being read: what must be known of the rows so far."""

    folder: PictureFolder | None
    names: ColumnMap
    _first_records: FirstSeen = field(default_factory=FirstSeen)
    _n_rows: int = 0
    _n_without_id: int = 0

    def read_row(self, row: Row) -> Iterator[Product | Fault]:
        """Give the row's faults, then its product if it is one."""
        self._n_rows += 1
        if isinstance(row.value, dict):
            row = replace(row, value=self.names.rename(row.value))
        if row.broken or not isinstance(row.value, dict):
            reason = row.broken or f"row {row.record} is {_named(row.value)}, expected an object"
            key = row.key or ""
            yield make_fault("unreadable row", reason, image_id=key, record=row.record)
            return
        fields = map_fields(row.value, row.key)
        image_id = fields.image_id or _id_of_path(fields)
        if not image_id:
            self._n_without_id += 1
            yield make_fault("no id", f"row {row.record} has no image_id", record=row.record)
            return
        yield from self._read_product(image_id, row.record, fields)

    def _read_product(
        self, image_id: str, record: int, fields: RowFields
    ) -> Iterator[Product | Fault]:
        # By both: one line of a shop's table may make several products.
        own = record << 32 | self._n_rows
        first = self._first_records.setdefault(image_id, own)
        if first != own:
            reason = f"{image_id[:80]!r} is the id of row {first >> 32} already"
            yield make_fault("repeated id", reason, image_id=image_id, record=record)
            return
        pictures, faults = _find_pictures(image_id, record, fields, self.folder)
        yield from faults
        title = clean_text(fields.title[:MAX_TEXT_CHARS])
        description = clean_text(fields.description[:MAX_TEXT_CHARS])
        # A caption template may ask for them by the shop's own names, too.
        both = {fields.title_column: title, fields.text_column: description}
        named = {name: text for name, text in both.items() if plain_name(name) not in _OUR_NAMES}
        yield Product(
            image_id=image_id,
            record=record,
            title=title,
            description=description,
            pictures=tuple(found.path for found in pictures if found.path),
            names=tuple(found.name for found in pictures if found.path),
            fields={**fields.others, **named},
        )

    def check(self, product_data: Path) -> None:
        """Check, after the last row, what only all rows together show.

        Raises:
            CatalogueError: there were none, none has an id, or no row has a mapped column.
        """
        if not self._n_rows:
            raise CatalogueError(
                f"{product_data}: holds no rows", fix="export the product data again"
            )
        self.names.check(product_data)
        if 1 < self._n_rows == self._n_without_id:
            met = ", ".join(self.names.list_met()[:12])
            raise CatalogueError(
                f"{product_data}: no column holds an id ({met})", fix="name it with --map id=COLUMN"
            )


def _tell_folder(folder: PictureFolder) -> Iterator[Fault]:
    for text in folder.unreadable:
        yield make_fault("unreadable folder", text, file=text)
    for name in folder.unsafe:
        yield make_fault("unsafe path", f"{name[:120]!r} leads out of the zip", file=name[:200])
    for name in folder.list_unused():
        yield make_fault("unused picture", f"no row leads to {name}", file=name)


def _id_of_path(fields: RowFields) -> str:
    """Take the first picture's name for an id, as a metadata.jsonl without ids means it."""
    return Path(fields.pictures[0].replace("\\", "/")).stem if fields.pictures else ""


def _find_pictures(
    image_id: str, record: int, fields: RowFields, folder: PictureFolder | None
) -> tuple[list[Found], list[Fault]]:
    """Find what the row names; if it names nothing that is there, look for the id."""
    if folder is None:
        return [], []
    pictures: list[Found] = []
    faults: list[Fault] = []
    for written in fields.pictures:
        found = folder.find_by_path(written)
        if found.path and all(found.path != other.path for other in pictures):
            pictures.append(found)
        if found.fault:
            fault = make_fault(
                found.fault, found.reason, image_id=image_id, file=written[:200], record=record
            )
            faults.append(fault)
    if not pictures:
        found = _find_by_ids(image_id, fields, folder)
        pictures = [found] if found.path else []
        if found.path and faults and faults[0].fault == "web address":
            faults.pop(0)  # saved under the product's id, as the first address' picture
        # The reason why a named path failed says more than that the id led nowhere too.
        if found.fault and not (faults and not found.path):
            name = found.path.name if found.path else ""
            fault = make_fault(
                found.fault, found.reason, image_id=image_id, file=name, record=record
            )
            faults.append(fault)
    folder.mark_used(found.name for found in pictures)
    return pictures, faults


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
