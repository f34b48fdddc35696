"""Where the garments are: regions of the segmenter's label map."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from couturier.vision.colours import Floats, part_by_colour, to_lab
from couturier.vision.foreground import PLAIN_DELTA, Mask, read_border
from couturier.vision.segmenter import GarmentSegmenter, segment

NOISE_SHARE = 0.0008  # smaller specks are the segmenter's noise: 13 pixels of 128 x 128
_PATCH_SHARE = 0.002  # a smaller patch of colour is a seam or a shadow and keeps its own labels
_TWO_SHARE = 0.2
_GROUND_SHARE = 0.2


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
    border = read_border(lab)
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


def _is_ground(patch: Mask, colour: Floats, border: Floats) -> bool:
    touches = any(edge.any() for edge in (patch[0], patch[-1], patch[:, 0], patch[:, -1]))
    share = np.mean(np.linalg.norm(border - colour, axis=-1) < PLAIN_DELTA)
    return bool(touches and share > _GROUND_SHARE)


def _split(mask: Mask, *, smallest: float) -> list[Mask]:
    numbered, count = ndimage.label(mask)
    regions = [numbered == number for number in range(1, count + 1)]
    return sorted((r for r in regions if r.sum() >= smallest), key=lambda r: -int(r.sum()))
