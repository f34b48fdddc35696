"""What stands off a plain ground, and which colours it has: no model, no torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from couturier.garments.colours import hex_of
from couturier.vision.colours import Floats, to_lab

Mask = NDArray[np.bool_]

_N_COLOURS = 16
_WORK_PX = 128
_MOST_PIXELS = 1_000  # for the palette; all of them would take three times as long
_PALETTE_PX = 64  # the catalogue doctor looks at thousands: a fourth of the time
PLAIN_DELTA = 9.0  # spread of a plain ground in ΔE76: paper, wall, studio sweep
_FOREGROUND_DELTA = 9.0


@dataclass(frozen=True)
class Palette:
    """The colours of what stands before a plain ground.

    Attributes:
        ground: The ground's colour, "#rrggbb".
        colours: Up to 16 colours of the foreground as "#rrggbb", the most frequent first.
        shares: One a colour, of the foreground, 0 to 1.
    """

    ground: str
    colours: tuple[str, ...]
    shares: tuple[float, ...]


def read_palette(image: Image.Image) -> Palette | None:
    """Read the colours of what stands before a plain ground; None where the ground is not plain."""
    found = _part(image, _PALETTE_PX)
    if found is None:
        return None
    pixels, mask, ground = found
    # Median cut: 16 colours that share the foreground about evenly, so that shades stay apart.
    shown = pixels[shrink(mask)]  # (pixels of the foreground, 3)
    strip = Image.fromarray(shown[:: -(-len(shown) // _MOST_PIXELS)][None])
    few = strip.quantize(_N_COLOURS, method=Image.Quantize.MEDIANCUT)
    counts = np.bincount(np.asarray(few).ravel(), minlength=_N_COLOURS)
    order = [int(i) for i in np.argsort(-counts, kind="stable") if counts[i]]
    table = few.getpalette() or []
    return Palette(
        ground=hex_of(ground),
        colours=tuple("#" + bytes(table[3 * i : 3 * i + 3]).hex() for i in order),
        shares=tuple(round(int(counts[i]) / strip.width, 4) for i in order),
    )


def find_foreground(image: Image.Image) -> tuple[NDArray[np.uint8], Mask] | None:
    """Find what stands before a plain ground, whose colour is read off the picture's border.

    Returns:
        The picture's pixels and the foreground's mask, at no more than 128 px a side; None where
        the ground is not plain, or hardly anything or nearly everything stands off it.
    """
    found = _part(image, _WORK_PX)
    return found[:2] if found else None


def _part(
    image: Image.Image, side_px: int
) -> tuple[NDArray[np.uint8], Mask, NDArray[np.float64]] | None:
    """Part a picture into pixels, foreground's mask and the ground's Lab."""
    small = image.convert("RGB")
    small.thumbnail((side_px, side_px), Image.Resampling.BOX)
    pixels = np.asarray(small)
    lab = to_lab(pixels)
    border = read_border(lab)
    ground = np.median(border, axis=0)
    if np.mean(np.linalg.norm(border - ground, axis=-1) < PLAIN_DELTA) < 0.7:
        return None
    apart = np.linalg.norm(lab - ground, axis=-1) > _FOREGROUND_DELTA
    # A white shirt before white shows its outline and folds only; what they enclose is shirt too.
    closed = ndimage.binary_fill_holes(ndimage.binary_closing(apart, iterations=2))
    mask = np.asarray(ndimage.binary_opening(closed, iterations=1))
    return (pixels, mask, ground) if 0.015 < mask.mean() < 0.95 else None


def shrink(mask: Mask) -> Mask:
    """Take one pixel off a mask's rim, where colours mix with what is next to it.

    A garment too thin for that (a belt, a strap) keeps its rim.
    """
    inner = np.asarray(ndimage.binary_erosion(mask))
    return inner if inner.sum() > 0.3 * mask.sum() else mask


def read_border(lab: Floats) -> Floats:
    """Give the colours along a picture's four edges, (2 x width + 2 x height, 3)."""
    return np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
