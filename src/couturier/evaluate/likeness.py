"""How like a look is to the catalogue: colours and textures beside the nearest training picture.

Deliberately plain: it sees palette, ground, line and layout, not whose design it is. It tells
whether pictures moved towards the catalogue's look, and which training picture to lay beside one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from couturier.vision.colours import to_lab

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]

_SIDE_PX = 64
_CELLS = 4
_DIRECTIONS = 8
# Bins of lightness, green-red and blue-yellow; chroma beyond 60 falls into the outermost.
_LIGHT, _HUE = 10, 12
_BLOCK = 512


@dataclass(frozen=True)
class CatalogueIndex:
    """The training pictures' descriptors.

    Attributes:
        files: Names in the data set folder.
        vectors: Unit vectors; shape (pictures, features).
        own: Each picture's likeness to its nearest other; shape (pictures,).
    """

    files: tuple[str, ...]
    vectors: Vectors
    own: Vectors

    def find_nearest(self, image: Image.Image) -> tuple[str, float]:
        """Find the training picture most like `image`, and how like: 1 is the same picture."""
        closeness = self.vectors @ describe(image)
        best = int(closeness.argmax())
        return self.files[best], float(closeness[best])


def build_index(files: Sequence[str], vectors: Vectors) -> CatalogueIndex:
    """Make an index of training pictures' descriptors, and measure them against each other."""
    return CatalogueIndex(tuple(files), vectors, own=_own_likeness(vectors))


def describe(image: Image.Image) -> Floats:
    """Describe a picture by its colours and its lines.

    Returns:
        A unit vector of square roots of two histograms, so that a dot product of two is their
        Bhattacharyya coefficient, 0 to 1: half colours (Lab), half line directions in 4 x 4 cells.
    """
    small = image.convert("RGB").resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BOX)
    lab = to_lab(np.asarray(small))
    return np.sqrt(np.concatenate([_count_colours(lab), _count_lines(lab[..., 0])]) / 2)


def _count_colours(lab: Floats) -> Floats:
    edges = [np.linspace(0, 100, _LIGHT + 1), *[np.linspace(-60, 60, _HUE + 1)] * 2]
    inside = np.clip(lab.reshape(-1, 3), [0, -60, -60], [100, 60, 60])
    counts, _ = np.histogramdd(inside, bins=edges)
    # Blurred, or a shade that crosses the edge of a bin would look like another colour.
    soft = gaussian_filter(counts, sigma=1.0, mode="nearest").ravel()
    return np.asarray(soft / soft.sum())


def _count_lines(light: Floats) -> Floats:
    down, across = np.gradient(light)
    strength = np.hypot(down, across) + 1e-6
    turn = np.arctan2(down, across) % np.pi / np.pi * _DIRECTIONS
    direction = np.minimum(turn.astype(int), _DIRECTIONS - 1)
    cell = np.arange(_SIDE_PX) * _CELLS // _SIDE_PX
    place = cell[:, None] * _CELLS + cell[None, :]
    flat = place * _DIRECTIONS + direction
    sums = np.bincount(flat.ravel(), strength.ravel(), minlength=_CELLS**2 * _DIRECTIONS)
    return np.asarray(sums / sums.sum())


def _own_likeness(vectors: Vectors) -> Vectors:
    """Measure each picture's likeness to its nearest other, in blocks that do not grow."""
    if len(vectors) < 2:
        return np.zeros(0, np.float32)
    own = []
    for start in range(0, len(vectors), _BLOCK):
        closeness = vectors[start : start + _BLOCK] @ vectors.T
        rows = np.arange(len(closeness))
        closeness[rows, start + rows] = -1
        own.append(closeness.max(axis=1))
    return np.concatenate(own)
