"""What a shop's catalogue holds: products, and the faults found on the way."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from couturier.files import read_json_lines, write_json_lines

FAULTS_FILE = "faults.jsonl"


@dataclass(frozen=True)
class Fault:
    """One thing left out or changed.

    Attributes:
        image_id: The product's id, "" where the row has none.
        file: The picture or data file it is about, as the shop names it.
        record: Number of the row in the source, from 1; 0 where it is about no row.
        fault: A short fixed word, as in "no picture".
        message: What is wrong, with the fix.
        action: "left out", "converted", "cut" or "told".
    """

    image_id: str
    file: str
    record: int
    fault: str
    message: str
    action: str


@dataclass(frozen=True)
class Product:
    """One row of a shop's data, read but not judged.

    Attributes:
        image_id: The shop's id, as text.
        record: Number of the row in the source, from 1.
        title: The shop's title, cleaned of HTML; "" where there is none.
        description: The shop's copy, cleaned of HTML; "" where there is none.
        pictures: Paths of its pictures; empty where none was found.
        fields: Every other field of the row, as it stands.
        names: One a picture, as the shop knows it: from the images folder, or its address.
    """

    image_id: str
    record: int
    title: str
    description: str
    pictures: tuple[Path, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """All products of one source in its order, and what was wrong with the rest."""

    source: Path
    products: tuple[Product, ...]
    faults: tuple[Fault, ...]


def write_faults(folder: Path, faults: Iterable[Fault]) -> None:
    """Write `faults.jsonl` into `folder`, one object a line."""
    write_json_lines(folder / FAULTS_FILE, ({**vars(fault)} for fault in faults))


def read_faults(folder: Path) -> Iterator[Fault]:
    """Read `faults.jsonl` of `folder`; nothing where there is none."""
    path = folder / FAULTS_FILE
    if path.is_file():
        for _, row in read_json_lines(path):
            yield Fault(**row)
