"""How like a look is to the catalogue: colours and textures beside the nearest training picture.

Deliberately plain: it sees palette, ground, line and layout, not whose design it is. It tells
whether pictures moved towards the catalogue's look, and which training picture to lay beside one.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from couturier.dataset.records import TRAIN, read_items
from couturier.evaluate.pictures import UnreadablePictureError, open_picture
from couturier.runs import OnStep
from couturier.seeds import derive_seed
from couturier.vision.colours import to_lab

Floats = NDArray[np.float64]

_SIDE_PX = 64
_CELLS = 4
_DIRECTIONS = 8
# Bins of lightness, green-red and blue-yellow; chroma beyond 60 falls into the outermost.
_LIGHT, _HUE = 10, 12


@dataclass(frozen=True)
class CatalogueIndex:
    """The training pictures' descriptors.

    Attributes:
        files: Names in the data set folder.
        vectors: Unit vectors; shape (pictures, features).
        own: Each picture's likeness to its nearest other; shape (pictures,).
    """

    files: tuple[str, ...]
    vectors: Floats
    own: Floats

    def find_nearest(self, image: Image.Image) -> tuple[str, float]:
        """Find the training picture most like `image`, and how like: 1 is the same picture."""
        closeness = self.vectors @ describe(image)
        best = int(closeness.argmax())
        return self.files[best], float(closeness[best])


def build_index(
    dataset_dir: Path,
    *,
    limit: int,
    seed: int,
    on_step: OnStep | None = None,
) -> CatalogueIndex:
    """Describe the training pictures of a data set, at most `limit` of them; broken ones are left.

    Raises:
        DatasetError: the folder is no data set.
    """
    names = [item.file_name for item in read_items(dataset_dir) if item.split == TRAIN]
    if len(names) > limit:
        draw = np.random.default_rng(derive_seed(seed, "likeness"))
        names = [names[i] for i in sorted(draw.choice(len(names), size=limit, replace=False))]
    files, vectors = [], []
    for done, name in enumerate(names, start=1):
        try:
            vectors.append(describe(open_picture(dataset_dir / name)))
            files.append(name)
        except UnreadablePictureError:
            continue
        if on_step:
            on_step(done, len(names), "catalogue")
    matrix = np.stack(vectors) if vectors else np.zeros((0, 0))
    return CatalogueIndex(tuple(files), matrix, own=_own_likeness(matrix))


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


def _own_likeness(vectors: Floats) -> Floats:
    if len(vectors) < 2:
        return np.zeros(0)
    closeness = vectors @ vectors.T  # (pictures, pictures)
    np.fill_diagonal(closeness, -1)
    return np.asarray(closeness.max(axis=1))
