"""What a data set folder holds: one item a picture, checked before any weights load."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from couturier.errors import DatasetError
from couturier.files import read_json_lines, write_canonical, write_json_lines
from couturier.garments.records import Garment

METADATA_FILE = "metadata.jsonl"
ORIGINAL_METADATA_FILE = "data.jsonl"  # the name in the description couturier began from
HELD_OUT = "held-out"
TRAIN = "train"


@dataclass(frozen=True)
class Item:
    """One picture with its caption.

    Attributes:
        file_name: The picture, relative to the data set folder.
        text: Its caption.
        image_id: The product it shows.
        garments: What the grammar saw in the row.
        split: "train" or "held-out"; all pictures of a product share one.
        extra: Whatever else the row holds: width, height, sha256, source, and as `bucket` the
            width and height of the aspect-ratio bucket it belongs to.
    """

    file_name: str
    text: str
    image_id: str
    garments: tuple[Garment, ...] = ()
    split: str = TRAIN
    extra: dict[str, Any] = field(default_factory=dict)


def write_items(folder: Path, items: Iterable[Item]) -> None:
    """Write `metadata.jsonl` as `datasets.load_dataset("imagefolder")` reads it."""
    write_json_lines(folder / METADATA_FILE, (_to_row(item) for item in items))


def read_items(folder: Path) -> list[Item]:
    """Read a data set and check every row: caption there, picture there.

    Args:
        folder: Holds `metadata.jsonl` or, as in the original description, `data.jsonl`.

    Raises:
        DatasetError: no such folder or file, no rows, or a wrong row; names file and line.
    """
    path = _find_metadata(folder)
    items = [_to_item(path, line, row) for line, row in read_json_lines(path)]
    if not items:
        raise DatasetError(
            f"{path}: holds no rows",
            fix="make the data set with `couturier dataset PRODUCT_DATA --images DIR`",
        )
    return items


def hash_items(items: Iterable[Item]) -> str:
    """Give one hash of captions, splits and picture contents, as the adapter's metadata holds it.

    Pictures count by their sha256 where the data set recorded one, else by their name.
    """
    digest = hashlib.sha256(b"[")
    for n, item in enumerate(items):  # what `hash_json` gives of the list, without holding it
        row = [item.extra.get("sha256", item.file_name), item.text, item.image_id, item.split]
        digest.update((b"," if n else b"") + write_canonical(row).encode())
    digest.update(b"]")
    return digest.hexdigest()


def _find_metadata(folder: Path) -> Path:
    if not folder.is_dir():
        raise DatasetError(
            f"{folder}: no such data set folder",
            fix="make it with `couturier dataset PRODUCT_DATA --images DIR --out DIR`",
        )
    for name in (METADATA_FILE, ORIGINAL_METADATA_FILE):
        if (folder / name).is_file():
            return folder / name
    raise DatasetError(
        f"{folder}: holds neither {METADATA_FILE} nor {ORIGINAL_METADATA_FILE}",
        fix="make it with `couturier dataset PRODUCT_DATA --images DIR --out DIR`",
    )


def _to_item(path: Path, line: int, row: dict[str, Any]) -> Item:
    place = f"{path.name}, line {line}"
    file_name = _require_text(row, "file_name", place)
    text = _require_text(row, "text", place)
    if not (path.parent / file_name).is_file():
        raise DatasetError(
            f"{place}: no picture at {path.parent / file_name}",
            fix="put the picture there, remove the line, or make the data set anew",
        )
    known = {"file_name", "text", "image_id", "garments", "split"}
    return Item(
        file_name=file_name,
        text=text,
        image_id=str(row.get("image_id") or Path(file_name).stem),
        garments=_garments(row.get("garments"), place),
        split=row.get("split") or TRAIN,
        extra={key: value for key, value in row.items() if key not in known},
    )


def _require_text(row: dict[str, Any], key: str, place: str) -> str:
    value = row.get(key)
    if isinstance(value, str) and value.strip():
        return value
    found = "is missing" if key not in row else f"is {value!r}"
    raise DatasetError(
        f"{place}: '{key}' {found}, expected text",
        fix='each line needs both, as in {"file_name": "1.jpg", "text": "a red satin dress"}',
    )


def _garments(value: Any, place: str) -> tuple[Garment, ...]:
    try:
        return tuple(Garment.from_dict(entry) for entry in value or ())
    except (TypeError, KeyError, AttributeError) as fault:
        raise DatasetError(
            f"{place}: 'garments' is not a list of garments ({fault})",
            fix="remove the 'garments' field, or make the data set anew",
        ) from fault


def _to_row(item: Item) -> dict[str, Any]:
    return {
        "file_name": item.file_name,
        "text": item.text,
        "image_id": item.image_id,
        "split": item.split,
        "garments": [garment.as_dict() for garment in item.garments],
        **item.extra,
    }
