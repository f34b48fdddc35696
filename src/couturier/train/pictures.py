"""Pictures of a data set: checked before weights load, padded to their shape, never cropped."""

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
from couturier.train.shapes import Shape

PAD_RULE = "padded with the median of each edge, Lanczos, 2"  # part of the cache's keys


@dataclass(frozen=True)
class Picture:
    """One item's picture, known to decode.

    Attributes:
        item: Its row of the data set.
        path: The file.
        sha256: Of the file's bytes.
        size: Width and height in pixels, upright.
    """

    item: Item
    path: Path
    sha256: str
    size: tuple[int, int]


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
                size = ImageOps.exif_transpose(image).size
        except (OSError, UnidentifiedImageError, SyntaxError, Image.DecompressionBombError) as bad:
            raise DatasetError(
                f"{folder.name}, row {row}: {path} is no picture that can be read ({bad})",
                fix="put a whole picture there, or remove the row, or make the data set anew",
            ) from bad
        pictures.append(Picture(item, path, hash_file(path), size))
        on_step(row, len(items), "reading pictures")
    return pictures


def read_padded(picture: Picture, shape: Shape) -> Tensor:
    """Read a picture scaled into a shape, the rest filled with the colour of its edges.

    Cropping, as is usual, cuts a third off a full-body photograph: hems and shoes.

    Returns:
        sRGB, (3, height, width), uint8.
    """
    with Image.open(picture.path) as image:
        rgba = ImageOps.exif_transpose(image).convert("RGBA")
    # What is transparent is paper, not the black that lies under it.
    rgb = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    scale = min(room / side for room, side in zip(shape, rgb.size, strict=True))
    width, height = (
        min(room, max(1, round(side * scale))) for room, side in zip(shape, rgb.size, strict=True)
    )
    pixels = np.asarray(rgb.resize((width, height), Image.Resampling.LANCZOS))
    return torch.from_numpy(pad(pixels, shape)).permute(2, 0, 1).contiguous()


def pad(pixels: NDArray[np.uint8], shape: Shape) -> NDArray[np.uint8]:
    """Pad a picture (height, width, 3) to a shape, each side with its edge's median colour."""
    wide = _pad_rows(pixels.swapaxes(0, 1), shape[0]).swapaxes(0, 1)
    return np.ascontiguousarray(_pad_rows(wide, shape[1]))


def _pad_rows(pixels: NDArray[np.uint8], length: int) -> NDArray[np.uint8]:
    before = (length - len(pixels)) // 2
    after = length - len(pixels) - before
    first, last = (np.median(pixels[edge], axis=0).astype(np.uint8) for edge in (0, -1))
    beside = pixels.shape[1]
    rows = [
        np.broadcast_to(first, (before, beside, 3)),
        pixels,
        np.broadcast_to(last, (after, beside, 3)),
    ]
    return np.concatenate(rows)
