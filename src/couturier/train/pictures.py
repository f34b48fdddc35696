"""Pictures of a data set: checked before weights load, padded to squares, never cropped."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from couturier.dataset.records import Item
from couturier.errors import DatasetError
from couturier.files import hash_file
from couturier.runs import OnStep

PAD_RULE = "square, padded with the median of each edge, Lanczos, 1"  # part of the cache's keys


@dataclass(frozen=True)
class Picture:
    """One item's picture, known to decode.

    Attributes:
        item: Its row of the data set.
        path: The file.
        sha256: Of the file's bytes.
    """

    item: Item
    path: Path
    sha256: str


def read_pictures(folder: Path, items: Sequence[Item], on_step: OnStep) -> list[Picture]:
    """Read every picture once: its hash, and whether it decodes.

    Raises:
        DatasetError: a picture cannot be decoded; names the row and the file.
    """
    pictures = []
    for row, item in enumerate(items, start=1):
        path = folder / item.file_name
        try:
            with warnings.catch_warnings(), Image.open(path) as image:
                warnings.simplefilter("ignore")  # odd EXIF and the like: pixels are what matters
                image.load()
        except (OSError, UnidentifiedImageError, SyntaxError, Image.DecompressionBombError) as bad:
            raise DatasetError(
                f"{folder.name}, row {row}: {path} is no picture that can be read ({bad})",
                fix="put a whole picture there, or remove the row, or make the data set anew",
            ) from bad
        pictures.append(Picture(item, path, hash_file(path)))
        on_step(row, len(items), "reading pictures")
    return pictures


def read_square(picture: Picture, side_px: int) -> Tensor:
    """Read a picture scaled into a square, the rest filled with the colour of its edges.

    Cropping to the square, as is usual, cuts a third off a full-body photograph: hems and shoes.

    Returns:
        sRGB, (3, side_px, side_px), uint8.
    """
    with Image.open(picture.path) as image:
        rgba = ImageOps.exif_transpose(image).convert("RGBA")
    # What is transparent is paper, not the black that lies under it.
    rgb = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    scale = side_px / max(rgb.size)
    width, height = (max(1, round(side * scale)) for side in rgb.size)
    pixels = np.asarray(rgb.resize((width, height), Image.Resampling.LANCZOS))
    return torch.from_numpy(pad_square(pixels)).permute(2, 0, 1).contiguous()


def pad_square(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pad a picture (height, width, 3) on its short sides, each with its edge's median colour."""
    height, width, _ = pixels.shape
    side = max(height, width)
    upright = pixels if height < width else pixels.swapaxes(0, 1)  # rows are what is missing
    before = (side - len(upright)) // 2
    after = side - len(upright) - before
    first, last = (np.median(upright[edge], axis=0).astype(np.uint8) for edge in (0, -1))
    rows = [
        np.broadcast_to(first, (before, side, 3)),
        upright,
        np.broadcast_to(last, (after, side, 3)),
    ]
    padded = np.concatenate(rows)
    return np.ascontiguousarray(padded if height < width else padded.swapaxes(0, 1))
