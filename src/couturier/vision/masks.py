"""Where the garments are: regions of the segmenter's label map."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from couturier.vision.foreground import Mask
from couturier.vision.segmenter import GarmentSegmenter, segment

NOISE_SHARE = 0.0008  # smaller specks are the segmenter's noise: 13 pixels of 128 x 128


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


def label_picture(image: Image.Image, segmenter: GarmentSegmenter) -> LabelledPicture:
    """Ask the segmenter what is where, at the segmenter's own resolution."""
    labels, names = segment(segmenter, [image.convert("RGB")])[0]
    size = (labels.shape[1], labels.shape[0])
    pixels = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BOX))
    return LabelledPicture(pixels, labels.astype(np.uint8), tuple(names))


def _split(mask: Mask, *, smallest: float) -> list[Mask]:
    numbered, count = ndimage.label(mask)
    regions = [numbered == number for number in range(1, count + 1)]
    return sorted((r for r in regions if r.sum() >= smallest), key=lambda r: -int(r.sum()))
