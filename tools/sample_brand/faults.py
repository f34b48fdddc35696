"""The few faulty rows that every real catalogue has, made on purpose for the doctor."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

ORIENTATION_TAG = 0x0112
ROTATED_RIGHT = 6


@dataclass
class Shop:
    """The shop's files before they are written: rows by id, picture files by name."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)


def spoil(
    shop: Shop, drawn: dict[str, tuple[Image.Image, Image.Image]], ids: dict[str, str]
) -> None:
    """Put every fault of `FAULTS` into the shop's files.

    Args:
        shop: Changed in place.
        drawn: Picture and label map by product id.
        ids: Product id by name.
    """
    for name, fault in FAULTS.items():
        picture, labels = drawn[ids[name]]
        fault(shop, ids[name], picture, labels)


def encode(picture: Image.Image, *, quality: int = 74, **options: Any) -> bytes:
    """Write a picture as a JPEG of a shop's usual size."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True, **options)
    return buffer.getvalue()


def _missing(shop: Shop, key: str, _: Image.Image, __: Image.Image) -> None:
    del shop.pictures[f"{key}.jpg"]


def _truncated(shop: Shop, key: str, picture: Image.Image, _: Image.Image) -> None:
    whole = shop.pictures[f"{key}.jpg"]
    shop.pictures[f"{key}.jpg"] = whole[: len(whole) * 2 // 5]


def _null_text(shop: Shop, key: str, _: Image.Image, __: Image.Image) -> None:
    shop.rows[key]["description"] = None


def _duplicate(shop: Shop, key: str, _: Image.Image, __: Image.Image) -> None:
    again = str(int(key) + 1)
    shop.rows[again] = {**shop.rows[key], "created_date": "2024-06-01 00:00:00"}
    shop.pictures[f"{again}.jpg"] = shop.pictures[f"{key}.jpg"]


def _rotated(shop: Shop, key: str, picture: Image.Image, _: Image.Image) -> None:
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = ROTATED_RIGHT
    lying = picture.transpose(Image.Transpose.ROTATE_90)
    shop.pictures[f"{key}.jpg"] = encode(lying, exif=exif)


def _transparent(shop: Shop, key: str, picture: Image.Image, labels: Image.Image) -> None:
    cut = picture.resize((480, 600), Image.Resampling.LANCZOS).quantize(96).convert("RGBA")
    alpha = labels.point(lambda value: 255 if value else 0).resize(
        cut.size, Image.Resampling.BILINEAR
    )
    clear = Image.new("RGBA", cut.size, (0, 0, 0, 0))
    clear.paste(cut, mask=alpha)
    buffer = io.BytesIO()
    clear.save(buffer, "PNG", optimize=True)
    del shop.pictures[f"{key}.jpg"]
    shop.pictures[f"{key}.png"] = buffer.getvalue()


def _cmyk(shop: Shop, key: str, picture: Image.Image, _: Image.Image) -> None:
    shop.pictures[f"{key}.jpg"] = encode(
        picture.resize((480, 600), Image.Resampling.LANCZOS).convert("CMYK"), quality=70
    )


def _tiny(shop: Shop, key: str, picture: Image.Image, _: Image.Image) -> None:
    shop.pictures[f"{key}.jpg"] = encode(picture.resize((40, 50), Image.Resampling.LANCZOS))


def _misnamed(shop: Shop, key: str, _: Image.Image, __: Image.Image) -> None:
    shop.pictures["IMG_4471 (copy).jpg"] = shop.pictures.pop(f"{key}.jpg")


Fault = Callable[[Shop, str, Image.Image, Image.Image], None]

FAULTS: dict[str, Fault] = {
    "Ulla": _missing,
    "Hilde": _truncated,
    "Sanna": _null_text,
    "Lotte": _duplicate,
    "Tove": _rotated,
    "Pomona": _transparent,
    "Linnea": _cmyk,
    "Petra": _tiny,
    "Riva": _misnamed,
}
"""Name of a product -> what is done to its row or its picture."""
