"""Where the garments are: regions of a label map, or what stands off a plain ground."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from couturier.vision.colours import Floats, part_by_colour, to_lab
from couturier.vision.segmenter import GarmentSegmenter, segment

Mask = NDArray[np.bool_]

NOISE_SHARE = 0.0008  # smaller specks are the segmenter's noise: 13 pixels of 128 x 128
_WORK_PX = 128
_PATCH_SHARE = 0.002  # a smaller patch of colour is a seam or a shadow and keeps its own labels
_TWO_SHARE = 0.2
_GROUND_SHARE = 0.2
_PLAIN_DELTA = 9.0  # spread of a plain ground in ΔE76: paper, wall, studio sweep
_FOREGROUND_DELTA = 9.0


@dataclass(frozen=True)
class LabelledPicture:
    """A picture with a class at every pixel.

    Attributes:
        pixels: sRGB bytes; shape (height, width, 3).
        labels: Index into `names`; shape (height, width).
        names: The classes, as the segmenter's config.json names them.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    names: tuple[str, ...]

    @property
    def area(self) -> int:
        """Number of pixels."""
        return int(self.labels.size)

    def find_regions(self, classes: tuple[str, ...]) -> list[Mask]:
        """Find the connected regions of some classes taken together, the largest first."""
        wanted = [index for index, name in enumerate(self.names) if name in classes]
        return _split(np.isin(self.labels, wanted), smallest=NOISE_SHARE * self.area)


def settle_labels(picture: LabelledPicture, kept_apart: tuple[str, ...] = ()) -> LabelledPicture:
    """Let every patch of one colour vote for one class: cloth of one colour is one garment.

    A small segmenter speckles a garment with its neighbours' classes. A patch at the border in a
    colour that much of the border has is floor or wall, whatever the segmenter says.

    Args:
        picture: As the segmenter labelled it.
        kept_apart: Classes asked for; where two of them share a patch, as two black garments
            that touch do, the segmenter's own border stays.
    """
    labels = picture.labels.copy()
    shown = picture.labels > 0  # a white shirt must not vote with the white wall behind it
    part = np.full(labels.shape, -1)
    lab = to_lab(picture.pixels)
    part[shown] = part_by_colour(lab[shown])
    border = _border(lab)
    asked = [picture.names.index(name) for name in kept_apart if name in picture.names]
    for number in range(int(part.max()) + 1):
        for patch in _split(part == number, smallest=_PATCH_SHARE * picture.area):
            votes = np.bincount(picture.labels[patch], minlength=len(picture.names))
            if _is_ground(patch, np.median(lab[patch], axis=0), border):
                labels[patch] = 0
            elif np.sum(votes[asked] > _TWO_SHARE * votes.sum()) < 2:
                labels[patch] = votes.argmax()
    return LabelledPicture(picture.pixels, labels, picture.names)


def label_picture(image: Image.Image, segmenter: GarmentSegmenter) -> LabelledPicture:
    """Ask the segmenter what is where, at the segmenter's own resolution."""
    labels, names = segment(segmenter, [image.convert("RGB")])[0]
    size = (labels.shape[1], labels.shape[0])
    pixels = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BOX))
    return LabelledPicture(pixels, labels.astype(np.uint8), tuple(names))


def find_foreground(image: Image.Image) -> tuple[NDArray[np.uint8], Mask] | None:
    """Find what stands before a plain ground, whose colour is read off the picture's border.

    Returns:
        The picture's pixels and the foreground's mask, at no more than 128 px a side; None where
        the ground is not plain, or hardly anything or nearly everything stands off it.
    """
    small = image.convert("RGB")
    small.thumbnail((_WORK_PX, _WORK_PX), Image.Resampling.BOX)
    pixels = np.asarray(small)
    lab = to_lab(pixels)
    border = _border(lab)
    ground = np.median(border, axis=0)
    if np.mean(np.linalg.norm(border - ground, axis=-1) < _PLAIN_DELTA) < 0.7:
        return None
    apart = np.linalg.norm(lab - ground, axis=-1) > _FOREGROUND_DELTA
    # A white shirt before white shows its outline and folds only; what they enclose is shirt too.
    closed = ndimage.binary_fill_holes(ndimage.binary_closing(apart, iterations=2))
    mask = np.asarray(ndimage.binary_opening(closed, iterations=1))
    return (pixels, mask) if 0.015 < mask.mean() < 0.95 else None


def shrink(mask: Mask) -> Mask:
    """Take one pixel off a mask's rim, where colours mix with what is next to it.

    A garment too thin for that (a belt, a strap) keeps its rim.
    """
    inner = np.asarray(ndimage.binary_erosion(mask))
    return inner if inner.sum() > 0.3 * mask.sum() else mask


def _border(lab: Floats) -> Floats:
    return np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])


def _is_ground(patch: Mask, colour: Floats, border: Floats) -> bool:
    touches = any(edge.any() for edge in (patch[0], patch[-1], patch[:, 0], patch[:, -1]))
    share = np.mean(np.linalg.norm(border - colour, axis=-1) < _PLAIN_DELTA)
    return bool(touches and share > _GROUND_SHARE)


def _split(mask: Mask, *, smallest: float) -> list[Mask]:
    numbered, count = ndimage.label(mask)
    regions = [numbered == number for number in range(1, count + 1)]
    return sorted((r for r in regions if r.sum() >= smallest), key=lambda r: -int(r.sum()))
