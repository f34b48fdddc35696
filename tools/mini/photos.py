"""The product photographs: rows, the held-out share, and squares of 128 px on white."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE_PX = 128
HELD_OUT_SHARE = 0.05

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Product:
    """One row of the shop: what the photograph shows, in the shop's own words."""

    image_id: str
    title: str
    article: str
    colour: str
    gender: str
    usage: str
    season: str

    @property
    def held_out(self) -> bool:
        """Whether the row is kept for measuring, decided by its id alone."""
        digest = hashlib.sha256(f"mini {self.image_id}".encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32 < HELD_OUT_SHARE


def read_products(photos: Path) -> list[Product]:
    """Read all rows, sorted by id."""
    rows = json.loads((photos / "product_data.json").read_text("utf-8"))
    return [
        Product(
            image_id=image_id,
            title=row["title"],
            article=row["article_type"],
            colour=row["base_colour"],
            gender=row["gender"],
            usage=row["usage"] or "",
            season=row["season"] or "",
        )
        for image_id, row in sorted(rows.items())
    ]


def read_square(photos: Path, image_id: str, *, size_px: int = SIZE_PX) -> Pixels:
    """Read a photograph padded to a square on white; shape (size_px, size_px, 3)."""
    with Image.open(photos / "images" / f"{image_id}.webp") as file:
        picture = file.convert("RGB")
    side = max(picture.size)
    square = Image.new("RGB", (side, side), "white")
    square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return np.asarray(square.resize((size_px, size_px), Image.Resampling.LANCZOS))


def read_squares(photos: Path, products: list[Product], *, work: Path, name: str) -> Pixels:
    """Read all squares, from a cache under `work` when it is there; shape (n, 128, 128, 3)."""
    cache = work / "cache" / f"{name}.npy"
    if not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        squares = np.stack([read_square(photos, p.image_id) for p in products])
        beside = cache.with_suffix(".partial.npy")
        np.save(beside, squares)
        beside.rename(cache)
    squares = np.load(cache, mmap_mode="r")
    if len(squares) != len(products):
        raise ValueError(f"{cache} holds {len(squares)} pictures, the rows are {len(products)}")
    return squares
